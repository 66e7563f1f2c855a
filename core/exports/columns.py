"""The columns of every kind of row: their names, their order, their types. The same in JSONL and in Parquet.

Trainers look at the first few columns and pass over the rest. Names that trl reserves (`messages` beside `prompt`,
`labels`, `tools`, `images`) are not used for anything else.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from core.exports.options import Kind

Type: TypeAlias = "str | Mapping[str, Type] | tuple[Type]"
"""`string`, `bool`, `int64`, `float64`; a struct of named types; a list of a type."""

TURNS: Final[Type] = ({"role": "string", "content": "string"},)
"""A list of turns."""

CONTENT: Final[Mapping[Kind, Mapping[str, Type]]] = {
    Kind.SFT: {"prompt": TURNS, "completion": TURNS},
    Kind.KTO: {"prompt": TURNS, "completion": TURNS, "label": "bool"},
    Kind.DPO: {"prompt": TURNS, "chosen": TURNS, "rejected": TURNS},
    Kind.EVAL: {
        "inputs": {"messages": TURNS},
        "outputs": {"response": "string"},
        "expectations": {"expected_response": "string"},
        "tags": {"label": "string", "categories": "string", "model": "string", "platform": "string"},
    },
}
"""What a row is for: rows that agree in it are the same row twice."""

PROVENANCE: Final[Mapping[str, Type]] = {
    "conversation_id": "string",
    "message_id": "string",
    "source": "string",
    "model": "string",
    "raters": "int64",
    "rating": "float64",
    "created_at": "string",
    "platform": "string",
    "workspace": "string",
    "metadata_json": "string",
}
"""Where a row comes from: the same columns in every set."""


def columns(kind: Kind) -> dict[str, Type]:
    """Every column with its type, in order."""
    return {**CONTENT[kind], **PROVENANCE}
