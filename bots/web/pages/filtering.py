"""What a page's address chooses: how far back, which platform, model and channel; and links that change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self
from urllib.parse import urlencode

from core.insight.daily import Scope
from core.store.browsing import Judged, Order
from core.store.counts import Division

PERIODS: Final = (7, 30, 90, 365)
DIVISIONS: Final = (Division.MODEL, Division.PLATFORM, Division.CHANNEL)
_LONGEST: Final = 200
"""Characters that are looked for."""
_LAST_PAGE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """The choices, each with its default."""

    days: int = 30
    platform: str = ""
    model: str = ""
    channel: str = ""
    by: Division = Division.MODEL
    judged: Judged = Judged.ANYHOW
    order: Order = Order.NEWEST
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """What `query` chooses; a choice that there is not is the default."""
        plain = {name: query.get(name, "")[:_LONGEST].strip() for name in ("platform", "model", "channel", "q")}
        return cls(
            days=_number(query.get("days", ""), PERIODS, 30),
            by=_one(Division, query.get("by", ""), Division.MODEL, DIVISIONS),
            judged=_one(Judged, query.get("judged", ""), Judged.ANYHOW, Judged),
            order=_one(Order, query.get("order", ""), Order.NEWEST, Order),
            page=_number(query.get("page", ""), range(1, _LAST_PAGE + 1), 1),
            **plain,
        )

    @property
    def scope(self) -> Scope:
        """The replies that it chooses, for figures."""
        return Scope(days=self.days, platform=self.platform, model=self.model, channel=self.channel)

    @property
    def place(self) -> str:
        """How the keys of the places begin that it chooses."""
        return f"{self.channel}:" if self.channel else f"{self.platform}:" if self.platform else ""

    def link(self, **changes: Any) -> str:
        """The query of the same choices but for `changes`; the page begins anew unless it is one of them."""
        changed = replace(self, **{"page": 1, **changes})
        chosen = {each.name: getattr(changed, each.name) for each in fields(self)}
        told = {name: str(value) for name, value in chosen.items() if value != _DEFAULT[name]}
        return f"?{urlencode(told)}" if told else "?"


_DEFAULT: Final = {each.name: each.default for each in fields(Filter)}


def _number(text: str, known: Iterable[int], default: int) -> int:
    return next((each for each in known if str(each) == text), default)


def _one(kind: Any, text: str, default: Any, known: Iterable[Any]) -> Any:
    return kind(text) if text in {each.value for each in known} else default
