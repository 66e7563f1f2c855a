"""The timer that checks the replies of a running bot: what code says of them. Loaded with checks that are wanted."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.clock import SystemClock
from core.policy.checking import Checks
from core.policy.file import Reloading
from core.settings import Settings
from core.store.sql import SqlStore

if TYPE_CHECKING:
    from core.evaluating.checking import Checker
    from core.evaluating.checks import Check


def checks_from(chosen: Checks) -> "list[Check]":
    """The checks that are made. Raises SettingsError where one's own cannot be loaded."""
    from core.evaluating.checks import all_checks  # noqa: PLC0415 - most bots check nothing

    return [each for each in all_checks(chosen.modules) if each.name not in chosen.leave_out]


def checking(settings: Settings, store: SqlStore, policies: Reloading) -> Callable[[], Awaitable[None]]:
    """What a timer calls: it checks what has come, while `after_each_reply` is so."""
    made: dict[Checks, Checker] = {}

    async def work() -> None:
        chosen = policies.checks
        if chosen.after_each_reply:
            if chosen not in made:
                made.clear()
                made[chosen] = _checker(settings, store, chosen)
            await made[chosen].check_new()

    return work


def _checker(settings: Settings, store: SqlStore, chosen: Checks) -> "Checker":
    from core.evaluating.checking import Checker  # noqa: PLC0415 - most bots check nothing
    from core.evaluating.records import Records  # noqa: PLC0415 - the same

    return Checker(store.database, store, Records(settings.environment), SystemClock(), checks_from(chosen))
