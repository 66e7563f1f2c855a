"""What an export says of itself: how many rows, chosen how, from where, with which hashes. Pure.

Nothing in it depends on when or where it was made: the same log and options give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from core.exports.columns import CONTENT, PROVENANCE
from core.exports.options import Format, Kind, Options

TRAIN, TEST = "train", "test"
SPLITS: Final = (TRAIN, TEST)


@dataclass(frozen=True, slots=True)
class File:
    """A finished file."""

    path: str
    """Below the export's directory."""
    split: str
    rows: int
    liked: int
    """Of the rows that have a label."""
    disliked: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of a finished export."""

    options: Options
    as_of: int
    """The seq of the last record that it was made from."""
    consent: str
    """The state of people's wishes that it was made under."""
    judged: int
    """Replies in the scope that people have judged or corrected."""
    left_out: Mapping[str, int]
    """Why some of them are in no row."""
    duplicates: int
    files: tuple[File, ...]
    after: int = 0
    """It has only rows about replies that a record behind this seq speaks of."""

    @property
    def rows(self) -> int:
        """In all files."""
        return sum(each.rows for each in self.files)

    def split(self, name: str) -> dict[str, int]:
        """The rows of a split, and how many of them are liked and disliked."""
        files = [each for each in self.files if each.split == name]
        return {count: sum(getattr(each, count) for each in files) for count in ("rows", "liked", "disliked")}

    def to_json(self) -> dict[str, Any]:
        """As `manifest.json` has it."""
        splits = {name: self.split(name) for name in SPLITS}
        kind = self.options.kind
        if kind is not Kind.KTO:
            splits = {name: {"rows": each["rows"]} for name, each in splits.items()}
        return {
            "manifest": 1,
            "kind": kind.value,
            "records": {"from": min(self.after + 1, self.as_of), "to": self.as_of, "consent": self.consent},
            "options": self.options.to_json(),
            "columns": column_names(self.options),
            "counts": {
                "judged": self.judged,
                "rows": self.rows,
                "duplicates": self.duplicates,
                "left_out": dict(sorted(self.left_out.items())),
                **splits,
            },
            "weights": weights(**self.split(TRAIN)) if kind is Kind.KTO else None,
            "files": [asdict(each) for each in self.files],
        }

    def to_bytes(self) -> bytes:
        """`manifest.json`."""
        return orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def column_names(options: Options) -> list[str]:
    """The columns of the files, in their order."""
    if options.format is Format.OPENAI:
        return ["messages"] if options.kind is Kind.SFT else ["input", "preferred_output", "non_preferred_output"]
    return [*CONTENT[options.kind], *PROVENANCE]


def weights(*, rows: int, liked: int, disliked: int) -> dict[str, float] | None:  # noqa: ARG001 - as counted
    """What KTO should multiply the losses with, so that likes and dislikes weigh the same; None where one is missing.

    trl's guide asks for a ratio of weight times number between 1:1 and 4:3, by raising the weight of the rarer kind
    (huggingface.co/docs/trl/kto_trainer, "Imbalanced data").
    """
    if not liked or not disliked:
        return None
    return {
        "desirable_weight": round(max(1.0, disliked / liked), 4),
        "undesirable_weight": round(max(1.0, liked / disliked), 4),
    }
