"""What an export can be told: which rows, from what, in which form. Plain values, the same for files and manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from core.errors import SettingsError
from core.feedback import BEST_SCORE, USER_FEEDBACK, USER_RATING
from core.prompt import DEFAULT_WINDOW, Window
from core.store.columns import to_iso_text

SHARD_ROWS: Final = 100_000
LARGEST_SEED: Final = 2**63
VOTES: Final = (USER_FEEDBACK, USER_RATING)
"""The assessments that count where nothing else is said."""


class Kind(StrEnum):
    """What the rows are for."""

    SFT = "sft"
    """A prompt and a good answer."""
    KTO = "kto"
    """A prompt, an answer, and whether people liked it."""
    DPO = "dpo"
    """A prompt, a good answer and a worse one."""
    EVAL = "eval"
    """What people disliked or corrected, to try a model on."""

    @property
    def trains(self) -> bool:
        """Whether a model learns from it."""
        return self is not Kind.EVAL


class Format(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    OPENAI = "openai"
    """OpenAI's JSONL, which several hosts take: no columns but their own."""

    @property
    def suffix(self) -> str:
        """How a file's name ends."""
        return "parquet" if self is Format.PARQUET else "jsonl"


class Aggregation(StrEnum):
    """How the votes of several people on one reply become one."""

    ANY = "any"
    """One person is enough, as long as nobody says the opposite."""
    MAJORITY = "majority"
    """More people one way than the other."""
    MEAN = "mean"
    """The mean over people, 👍 as the best score and 👎 as the worst, by the same thresholds as a single score."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How opinions become a label."""

    names: tuple[str, ...] = VOTES
    """The assessments that count; of one person's the first that there is."""
    liked_from: float = 4
    """The lowest score, of 1 to 5, that is a like."""
    disliked_to: float = 2
    """The highest one that is a dislike. What lies between is neither."""
    aggregation: Aggregation = Aggregation.MAJORITY
    min_raters: int = 1


@dataclass(frozen=True, slots=True)
class Scope:
    """Which replies are looked at: those in [`since`, `until`), of the platforms, workspaces and models that are named.

    Nothing named means all.
    """

    since: datetime | None = None
    until: datetime | None = None
    platforms: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that decides which bytes are written, besides the log and `as_of`."""

    kind: Kind
    format: Format = Format.JSONL
    rules: Rules = field(default_factory=Rules)
    scope: Scope = field(default_factory=Scope)
    test_share: float = 0.1
    """Which part of the conversations is kept for testing, about."""
    seed: int = 0
    """Decides the order of the rows, and which conversations are for testing."""
    shard_rows: int = SHARD_ROWS
    """About how many rows a file has at most."""
    window: Window = DEFAULT_WINDOW
    """How much of a conversation the model read."""
    system: str = ""
    """The first turn of every prompt; empty: none."""

    def check(self) -> None:
        """Raises SettingsError for what cannot be."""
        rules = self.rules
        if not 1 <= rules.disliked_to < rules.liked_from <= BEST_SCORE:
            raise SettingsError(
                f"A score cannot be disliked up to {rules.disliked_to:g} and liked from {rules.liked_from:g}: "
                f"scores go from 1 to {BEST_SCORE}, and what is liked lies above what is disliked."
            )
        if self.format is Format.OPENAI and self.kind not in {Kind.SFT, Kind.DPO}:
            raise SettingsError(
                f"OpenAI's format has no form for {self.kind} rows: choose jsonl or parquet, or sft, dpo."
            )
        if not 0 <= self.test_share < 1 or self.shard_rows < 1 or not 0 <= self.seed < LARGEST_SEED:
            raise SettingsError("The test share lies from 0 to below 1, rows per file from 1, the seed from 0 to 2⁶³.")

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The options that a manifest tells of: see `to_json`."""
        since, until = (datetime.fromisoformat(told[name]) if told[name] else None for name in ("since", "until"))
        places = (tuple(told[name]) for name in ("platforms", "workspaces", "models"))
        return cls(
            Kind(told["kind"]),
            Format(told["format"]),
            Rules(
                tuple(told["names"]),
                told["liked_from"],
                told["disliked_to"],
                Aggregation(told["aggregation"]),
                told["min_raters"],
            ),
            Scope(since, until, *places),
            told["test_share"],
            told["seed"],
            told["shard_rows"],
            Window(told["history_messages"], told["history_characters"]),
            told["system"],
        )

    def to_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        rules, scope = self.rules, self.scope
        return {
            "kind": self.kind.value,
            "format": self.format.value,
            "names": list(rules.names),
            "liked_from": float(rules.liked_from),
            "disliked_to": float(rules.disliked_to),
            "aggregation": rules.aggregation.value,
            "min_raters": rules.min_raters,
            "since": scope.since and to_iso_text(scope.since),
            "until": scope.until and to_iso_text(scope.until),
            "platforms": sorted(scope.platforms),
            "workspaces": sorted(scope.workspaces),
            "models": sorted(scope.models),
            "test_share": float(self.test_share),
            "seed": self.seed,
            "shard_rows": self.shard_rows,
            "history_messages": self.window.messages,
            "history_characters": self.window.characters,
            "system": self.system,
        }
