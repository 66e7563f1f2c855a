"""The dataset card: `README.md` with the YAML that the Hub and `datasets` read. Pure."""

from collections.abc import Sequence
from typing import Final

from core.exports.columns import PROVENANCE
from core.exports.manifest import SPLITS, TEST, TRAIN, Manifest, weights
from core.exports.options import Format, Kind

_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_PURPOSE: Final = {
    Kind.SFT: "Prompts with answers that people liked or wrote themselves, for supervised fine-tuning.",
    Kind.KTO: "Prompts with answers and whether people liked them, for KTO.",
    Kind.DPO: "Prompts with a better and a worse answer, for DPO and reward models.",
    Kind.EVAL: "Questions whose answers people disliked or corrected, to try models on.",
}
_TRAINER: Final = {Kind.SFT: "SFTTrainer", Kind.KTO: "KTOTrainer", Kind.DPO: "DPOTrainer"}
_WHY: Final = {
    "deleted": "the reply was deleted",
    "edited_since": "a question was edited after the model had read it",
    "empty": "the reply or the correction has no text",
    "equal_sides": "the better text is the same as the worse one",
    "files_not_kept": "a file stood beside a question, and its text was not kept",
    "no_question": "the question is not there, or was deleted",
    "not_complete": "the reply was cut off or failed",
    "not_disliked": "people neither disliked nor corrected it",
    "not_liked": "people neither liked nor corrected it",
    "private": "words are not kept, or are of people who want nothing kept",
    "undecided": "the votes do not decide it, or are too few",
}


def card(manifest: Manifest, shards: Sequence[tuple[str, int]] = ()) -> str:
    """`README.md`. `shards`: the names of those that were pushed one after the other, each with its rows."""
    kind = manifest.options.kind
    parts = [_yaml(manifest), f"# Feedback from chat: {kind.value}", "", _PURPOSE[kind], "", *_figures(manifest)]
    return "\n".join([*parts, *_how_made(manifest), *_shards(shards), *_privacy(), ""])


def _yaml(manifest: Manifest) -> str:
    kind = manifest.options.kind
    size = next((name for bound, name in _SIZES if manifest.rows < bound), "10M<n<100M")
    splits = [name for name in SPLITS if manifest.split(name)["rows"]]
    suffix = manifest.options.format.suffix
    files = [line for name in splits for line in (f"  - split: {name}", f"    path: data/{name}-*.{suffix}")]
    return "\n".join(
        [
            "---",
            "license: other",
            "license_name: not-for-redistribution",
            "task_categories:",
            "- text-generation",
            "size_categories:",
            f"- {size}",
            "tags:",
            *(f"- {tag}" for tag in ("trl", "human-feedback", kind.value) if tag),
            *(["configs:", "- config_name: default", "  data_files:", *files] if splits else []),
            "---",
            "",
        ]
    )


def _figures(manifest: Manifest) -> list[str]:
    kind = manifest.options.kind
    lines = ["| Split | Rows | Liked | Disliked |", "| --- | --- | --- | --- |"]
    if kind is not Kind.KTO:
        lines = ["| Split | Rows |", "| --- | --- |"]
    for name in SPLITS:
        counts = manifest.split(name)
        figures = [counts["rows"], counts["liked"], counts["disliked"]] if kind is Kind.KTO else [counts["rows"]]
        lines.append(f"| {name} | " + " | ".join(map(str, figures)) + " |")
    if kind is Kind.KTO and (found := weights(**manifest.split(TRAIN))):
        lines += ["", f"Suggested: `KTOConfig(desirable_weight={found['desirable_weight']:g}, "]
        lines[-1] += f"undesirable_weight={found['undesirable_weight']:g})`; batches above 1."
    return [*lines, ""]


def _how_made(manifest: Manifest) -> list[str]:
    options = manifest.options
    rules = options.rules
    lines = [
        "## How it was made",
        "",
        f"From the log's records up to {manifest.as_of}. Of {manifest.judged} judged replies, these are not in it:",
        "",
        *(f"- {count}: {_WHY.get(why, why)}" for why, count in sorted(manifest.left_out.items())),
        f"- {manifest.duplicates}: rows that say the same as another",
        "",
        f"A score from {rules.liked_from:g} is a like, one up to {rules.disliked_to:g} a dislike. Each person counts",
        f"once on a reply, with what they think now; several people's votes are joined by `{rules.aggregation.value}`.",
        f"About {options.test_share:.0%} of the conversations are in the split `{TEST}`; no conversation is in both.",
        "",
    ]
    if options.format is not Format.OPENAI:
        names = ", ".join(f"`{name}`" for name in PROVENANCE)
        lines += [f"Where a row comes from: {names}. Trainers pass over these columns.", ""]
    if trainer := _TRAINER.get(options.kind):
        lines += [f"Made for trl's `{trainer}`.", ""]
    return lines


def _shards(shards: Sequence[tuple[str, int]]) -> list[str]:
    if not shards:
        return []
    return [
        "## Shards",
        "",
        "Each push adds one and changes none. A shard has the rows about replies that people judged since the one",
        "before: of several rows with one `message_id`, the one in the latest shard holds.",
        "",
        "| Day and records | Rows |",
        "| --- | --- |",
        *(f"| {name} | {rows} |" for name, rows in shards),
        "",
    ]


def _privacy() -> list[str]:
    return [
        "## Privacy",
        "",
        "People stand here under pseudonyms made with a secret key. What someone asked not to keep, or to erase, is in",
        "no row made after they asked; whoever keeps copies has to make the export anew (`manifest.json` says from",
        "which records it was made). The texts may name people all the same: keep it to yourself.",
    ]
