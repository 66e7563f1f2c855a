"""Sets pushed to the Hub: by `plaudit export … --push`, and by the timer of `plaudit run` ([push] in plaudit.toml)."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from bots.beside import run_beside
from core.clock import Clock, SystemClock
from core.exports.making import Progress, Source
from core.outward.pushing import KIND, Pushed, Pusher, Wish
from core.policy.file import Reloading
from core.policy.outward import Push
from core.settings import Settings
from core.store.ledger import Export, Ledger
from core.store.sql import SqlStore
from core.tasks import Tasks

logger = logging.getLogger(__name__)

AGAIN: Final = timedelta(minutes=15)
"""After so long a push that failed is tried again."""


async def pushed(
    settings: Settings, source: Source, ledger: Ledger, wish: Wish, *, repo: str, progress: Progress
) -> Pushed:
    """Push what is new. Raises SettingsError and HubError."""
    from core.outward.hub import Hub  # noqa: PLC0415 - huggingface_hub, which takes a while and not everybody needs

    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    hub = await asyncio.to_thread(Hub, repo, token)
    return await Pusher(source, ledger, hub, SystemClock()).push(wish, progress)


class PushTimer:
    """Pushes what is due, each in a process of its own beside the bot: making rows is work, and replies go first.

    `async with` ends what is at work.
    """

    def __init__(self, settings: Settings, policies: Reloading, store: SqlStore, clock: Clock) -> None:
        self._settings = settings
        self._policies = policies
        self._store = store
        self._clock = clock
        self._tasks = Tasks()
        self._at_work: set[str] = set()
        self._next: dict[str, datetime] = {}
        """By the repository: before that moment nothing is tried."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tasks.cancel()

    async def if_due(self) -> None:
        """Begin what is due."""
        if not (wanted := list(self._wanted())):
            return
        known = await self._store.ledger().exports()
        now = self._clock.now()
        for kind, push in wanted:
            if push.repo not in self._at_work and now >= self._due(push, known, now):
                self._at_work.add(push.repo)
                self._tasks.start(self._push(kind, push), name=f"pushes {push.repo}")

    def _wanted(self) -> Iterator[tuple[str, Push]]:
        for kind, push in self._policies.outward.push:
            if push is not None:
                yield kind, push

    def _due(self, push: Push, known: Sequence[Export], now: datetime) -> datetime:
        """When it is, by what was tried here, else by what the ledger knows; at once where that is nothing."""
        if push.repo in self._next:
            return self._next[push.repo]
        made = [each.made_at for each in known if each.kind == KIND and each.options.get("repo") == push.repo]
        return max(made) + push.every if made else now

    async def _push(self, kind: str, push: Push) -> None:
        try:
            code, said = await self._run(kind, push)
            told = {"repo": push.repo, "said": said[-500:]}
            if code:
                logger.warning("push_failed", extra=told)
            else:
                logger.info("pushed", extra=told)
            self._next[push.repo] = self._clock.now() + (min(AGAIN, push.every) if code else push.every)
        finally:
            self._at_work.discard(push.repo)

    async def _run(self, kind: str, push: Push) -> tuple[int, str]:
        """The exit code of the command, and its last line."""
        public = ["--public"] if push.public else []
        arguments = ["export", kind, "--push", push.repo, "--format", push.format, *public]
        return await run_beside(self._settings.database_url, *arguments)
