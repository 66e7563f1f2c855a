"""Making an experiment in MLflow say of some replies what the log says: what is new is put, what is gone is deleted."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from core.exports.mlflow.client import Mlflow, MlflowAwayError, MlflowError, MlflowRefusedError
from core.exports.mlflow.replies import Page, Replies, Reply
from core.exports.mlflow.spans import spans
from core.exports.mlflow.traces import Manner, trace, trace_id, withdrawn
from core.tasks import cancelled

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 2
"""Calls in flight: a server is busy with one of them while the other is under way. More are not answered any faster."""
_PAGE: Final = 100
"""Replies held in memory, and spans in one call."""
_REMEMBERED: Final = 20_000
_BROKEN: Final = 3
"""Replies of one page at which MLflow may break (it answers some that it cannot store as if it were out of order)."""

Put: TypeAlias = Callable[[Reply], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Sent:
    """How much was done."""

    traces: int = 0
    assessments: int = 0
    deleted: int = 0
    """Traces of which nothing may be there."""
    refused: list[str] = field(default_factory=list)
    """The ids of replies that MLflow does not take."""


class Sender:
    """Sends replies to one experiment. Every method raises as `Mlflow`'s do, and as the store's."""

    def __init__(self, mlflow: Mlflow, experiment_id: str, replies: Replies, manner: Manner) -> None:
        self._mlflow = mlflow
        self._experiment = experiment_id
        self._replies = replies
        self._manner = manner
        self._as_of: dict[str, int] = {}
        """Of a reply that was sent: the seq up to which the log was sent with it."""
        self.sent = Sent()

    async def send(self, reply_ids: Sequence[str], *, up_to: int, afresh: bool = False) -> None:
        """Let MLflow have these replies as they are now; those of which all up to the seq `up_to` is there, stay.

        `afresh`: whatever it has of them is deleted first, also what nobody knows any more.
        """
        wanted = [each for each in reply_ids if self._as_of.get(each, 0) < up_to]
        for start in range(0, len(wanted), _PAGE):
            await self._send(wanted[start : start + _PAGE], afresh=afresh)

    async def _send(self, reply_ids: Sequence[str], *, afresh: bool) -> None:
        while True:
            before = await self._replies.privacy()
            page = await self._replies.page(reply_ids)
            await self._put(page, reply_ids if afresh else page.left_out)
            if await self._replies.privacy() == before:
                break
            # Someone was erased, or wants nothing kept any more, while it was under way.
            afresh = True
        for reply_id in reply_ids:
            self._as_of.pop(reply_id, None)
            self._as_of[reply_id] = page.as_of
        while len(self._as_of) > _REMEMBERED:
            del self._as_of[next(iter(self._as_of))]

    async def _put(self, page: Page, gone: Sequence[str]) -> None:
        if gone:
            await self._mlflow.delete_traces(self._experiment, [trace_id(each) for each in gone])
            self.sent.deleted += len(page.left_out)
        taken = await self._taken(page.replies, self._put_trace)
        if page.replies and not taken:
            await self._mlflow.check_experiment(self._experiment)  # it may be this that is refused, and not the replies
        await self._put_spans(taken)
        self.sent.traces += len(taken)

    async def _put_trace(self, reply: Reply) -> None:
        body = trace(reply, self._experiment, self._manner)
        await self._mlflow.put_trace(body)
        for each in withdrawn(reply, self._manner):
            await self._mlflow.delete_assessment(trace_id(reply.id), each)
        self.sent.assessments += len(body["trace"]["trace_info"]["assessments"])

    async def _put_spans(self, replies: Sequence[Reply]) -> None:
        """All in one call; where it is refused, one by one: then only what it cannot take is left out."""
        if not replies:
            return
        try:
            await self._mlflow.put_spans(self._experiment, spans(replies, self._manner))
        except (MlflowRefusedError, MlflowAwayError):
            await self._taken(replies, self._put_span)

    async def _put_span(self, reply: Reply) -> None:
        await self._mlflow.put_spans(self._experiment, spans([reply], self._manner))

    async def _taken(self, replies: Iterable[Reply], put: Put) -> list[Reply]:
        """The replies that `put` could put, some at once. One that cannot be taken does not stop the others."""
        taken: list[Reply] = []
        failed: list[tuple[Reply, MlflowAwayError]] = []
        waiting = iter(replies)

        async def work() -> None:
            for reply in waiting:
                try:
                    await put(reply)
                except MlflowRefusedError as error:
                    self._refused(reply, error)
                except MlflowAwayError as error:
                    failed.append((reply, error))
                    if len(failed) > _BROKEN:
                        raise
                else:
                    taken.append(reply)

        working = [asyncio.create_task(work(), name="send to MLflow") for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*working)
        finally:
            await cancelled(working)
        await self._tell_apart(failed, taken, put)
        return taken

    async def _tell_apart(
        self, failed: Sequence[tuple[Reply, MlflowAwayError]], taken: Sequence[Reply], put: Put
    ) -> None:
        """Whether it is these replies at which MLflow breaks, or MLflow itself. Raises MlflowAwayError where it is."""
        if not failed:
            return
        if not taken:
            raise failed[0][1]
        await put(taken[0])  # what it took a moment ago, it takes, if it is there at all
        for reply, error in failed:
            self._refused(reply, error)

    def _refused(self, reply: Reply, error: MlflowError) -> None:
        if reply.id not in self.sent.refused:
            self.sent.refused.append(reply.id)
            logger.warning("mlflow_refused", extra={"reply": reply.id, "error": str(error)})
