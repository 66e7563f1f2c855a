"""Prints what is written in the code and read elsewhere: settings, keys, record types, Slack's manifest.

`python docs/printed.py` writes the files; with `--check` it only says which of them are out of date.
"""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Final

from bots.slack.manifest import as_yaml, manifest
from core.policy.example import example, key_rows, table_rows
from core.records import RECORD_TYPES
from core.settings import Settings, env_example, setting_names

_ROOT: Final = Path(__file__).parents[1]


def reference() -> str:
    """`docs/reference.md`: settings, the keys of `plaudit.toml`, and record types."""
    return "\n".join(
        (
            "# Reference",
            "",
            "Printed from the code by `make docs`.",
            "",
            "## Settings",
            "",
            "Read from the environment and from a file `.env`. A misspelt `PLAUDIT_…` name is refused at start.",
            "",
            "| Name | Default | Meaning |",
            "| --- | --- | --- |",
            *_settings(),
            "",
            "## plaudit.toml",
            "",
            "All but the last two can be chosen for all, per platform (`[slack]`), per workspace or guild",
            "(`[slack.workspace.T…]`, `[discord.guild.…]`) and per channel (`[slack.workspace.T….channel.C…]`); the",
            "nearest wins, key by key. [plaudit.example.toml](plaudit.example.toml) shows how it is written. A running",
            "bot reads the file again on SIGHUP; where something in it cannot be, all stays as it was, and the log",
            "says which line.",
            "",
            "| Key | Default | It may be | Meaning |",
            "| --- | --- | --- | --- |",
            *(
                f"| `{name}` | {default and f'`{default}`'} | {title} | {text} |"
                for name, default, title, text in key_rows()
            ),
            "",
            "Tables of what is told by itself ([numbers.md](numbers.md)), and of what leaves for other systems",
            "([outward.md](outward.md), [datasets.md](datasets.md)). SIGHUP reads them again, too.",
            "",
            "| Table and key | Default | It may be | Meaning |",
            "| --- | --- | --- | --- |",
            *(
                f"| `{name}` | {default and f'`{default}`'} | {title} | {text} |"
                for name, default, title, text in table_rows()
            ),
            "",
            "## Records",
            "",
            "What `plaudit events` prints: `seq type vVERSION {json}`; with `--json` the envelope too. Its fields:",
            "",
            "| Type | Version | When | Fields |",
            "| --- | --- | --- | --- |",
            *_records(),
            "",
        )
    )


def _settings() -> list[str]:
    rows = []
    for field, name in setting_names().items():
        info = Settings.model_fields[field]
        default = "" if info.default is None else f"`{info.default}`" if info.default != "" else ""
        rows.append(f"| `{name}` | {default} | {info.description} |")
    return rows


def _records() -> list[str]:
    return [
        f"| `{name}` | {kind.version} | {(kind.__doc__ or '').strip().splitlines()[0]} | "
        + ", ".join(f"`{each.name}`" for each in fields(kind))
        + " |"
        for name, kind in RECORD_TYPES.items()
    ]


def main() -> int:
    """Write the files, or compare them."""
    printed = {
        _ROOT / ".env.example": env_example(),
        _ROOT / "docs" / "plaudit.example.toml": example(),
        _ROOT / "docs" / "reference.md": reference(),
        _ROOT / "docs" / "slack-manifest.yaml": as_yaml(manifest()),
    }
    stale = [path for path, text in printed.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(_ROOT)} is out of date: run `make docs`.\n")
        return bool(stale)
    for path in stale:
        path.write_text(printed[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
