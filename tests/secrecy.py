"""Looks at everything that tests print and log, with all fields and tracebacks: no token may be in it.

Tokens are known by their form, and those of the box by their text; those that are made by chance are looked for by
`scenarios/test_secrets.py`.
"""

import logging
import re
from typing import Any, Final

from bots.pocket.discord import BOT_TOKEN
from bots.pocket.slack_http import SIGNING_SECRET
from core.logs import TextLines

TOKEN: Final = re.compile(
    r"xox[abp]-\w{3,}|xapp-\w+|whsec_[\w+/]{12,}|hf_(?!token|hub)[a-z]{3,}"
    rf"|{re.escape(BOT_TOKEN)}|{re.escape(SIGNING_SECRET)}"
)


class Ear(logging.Handler):
    """Hears every line of ours from INFO on, and the libraries' as far as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TextLines(traces_all=True))
        self.told: list[str] = []
        """The lines with a token, since they were asked for."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if TOKEN.search(line):
            self.told.append(line)

    def listen(self) -> None:
        """From now on."""
        for name in ("bots", "core"):
            logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger().addHandler(self)

    def leaks(self, report: Any) -> list[str]:
        """Every line with a token that was logged since, or that a part of a test has printed."""
        told, self.told = self.told, []
        printed = [text for title, text in report.sections if title.startswith("Captured std")]
        return told + [line for text in printed for line in text.splitlines() if TOKEN.search(line)]
