"""Events into a stream of NATS JetStream. The only file that knows nats-py, which is an extra.

`Nats-Msg-Id` is the record's id: the server drops what comes twice within the stream's window
(docs.nats.io/using-nats/developer/develop_jetstream/model_deep_dive, "Message Deduplication").
"""

import re
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from core.errors import SettingsError
from core.outward.channel import NotTakenError, RefusedError
from core.outward.events import CONTENT_TYPE, Event
from core.policy.outward import Nats

WINDOW: Final = 600
"""Seconds in which a stream that we make knows a message again."""
_TIMEOUT: Final = 5
_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9_.=-]")
_RESUME: Final = "`plaudit webhooks resume nats`"


class NatsChannel:
    """One stream. Raises SettingsError where nats-py is not installed."""

    kind = "nats"

    def __init__(self, table: Nats, credentials: str = "") -> None:
        """`credentials`: a token, or the path of a file of credentials (.creds); empty: none."""
        self._nats = _library()
        self.name = f"nats:{table.stream}"
        self.target = f"{', '.join(each.rpartition('@')[2] for each in table.servers)} {table.stream}"
        self.types = table.types
        self.words = table.text
        self._table = table
        self._credentials = credentials
        self._client: Any = None
        self._stream: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()

    async def send(self, event: Event) -> None:
        """Deliver it: the stream's acknowledgement says that it is kept. Raises NotTakenError or RefusedError."""
        subject = _NO_TOKEN.sub("_", f"{self._table.subject}.{event.topic}.{event.type.split('.')[1]}")
        headers = {"Nats-Msg-Id": event.id, "Content-Type": CONTENT_TYPE}
        errors = self._nats.errors
        try:
            stream = await self._connected()
            await stream.publish(subject, event.body, timeout=_TIMEOUT, stream=self._table.stream, headers=headers)
        except (errors.NoRespondersError, self._nats.js.errors.NoStreamResponseError) as error:
            raise RefusedError(
                f"The stream {self._table.stream} does not listen to {subject}: give it {self._table.subject}.> "
                f"or choose another `stream` in plaudit.toml, then {_RESUME}."
            ) from error
        except (errors.AuthorizationError, errors.InvalidUserCredentialsError) as error:
            raise self._refused(error) from error
        except (errors.Error, OSError, TimeoutError) as error:
            await self._close()
            if "authorization" in str(error).lower():
                raise self._refused(error) from error
            raise NotTakenError(
                f"NATS at {self.target} cannot be reached ({error or type(error).__name__})."
            ) from error

    def _refused(self, error: Exception) -> RefusedError:
        return RefusedError(f"NATS at {self.target} does not let us in ({error}): check `credentials`, then {_RESUME}.")

    async def _connected(self) -> Any:
        if self._client is None or not self._client.is_connected:
            await self._close()
            # Ours before it is connected: where that fails it is closed.
            self._client = self._nats.NATS()
            await self._client.connect(
                servers=list(self._table.servers),
                name="plaudit",
                allow_reconnect=False,  # we try again ourselves, from the record that was not taken
                max_reconnect_attempts=1,  # without a bound the first connection is tried for ever
                reconnect_time_wait=0,
                connect_timeout=_TIMEOUT,
                error_cb=_unheard,
                **self._login(),
            )
            self._stream = self._client.jetstream(timeout=_TIMEOUT)
            await self._make_stream()
        return self._stream

    def _login(self) -> dict[str, str]:
        if not self._credentials:
            return {}
        return {"user_credentials" if self._credentials.endswith(".creds") else "token": self._credentials}

    async def _make_stream(self) -> None:
        """The stream, where there is none."""
        try:
            await self._stream.stream_info(self._table.stream)
        except self._nats.js.errors.NotFoundError:
            subjects = [f"{self._table.subject}.>"]
            await self._stream.add_stream(name=self._table.stream, subjects=subjects, duplicate_window=WINDOW)

    async def _close(self) -> None:
        client, self._client, self._stream = self._client, None, None
        if client is not None:
            with suppress(self._nats.errors.Error, OSError, TimeoutError):
                await client.close()


def _library() -> Any:
    try:
        import nats  # noqa: PLC0415 - an extra
        import nats.errors  # noqa: PLC0415
        import nats.js.errors  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "NATS is spoken by nats-py, which is not installed: pip install 'plaudit[nats]', or take [nats] out of "
            "plaudit.toml."
        ) from error
    return nats


async def _unheard(_error: Exception) -> None:
    """What goes wrong is raised where it is waited for."""
