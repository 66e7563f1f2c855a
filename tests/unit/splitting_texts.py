"""Markdown like language models write it, with every kind of block, some inside of others."""

import unicodedata
from random import Random

_WORDS = [
    "the", "a", "reply", "which", "streams", "(see below)", "naïve", "e\u0301tude", "—", "...", "e.g.", "3.14", "2 * 3",
    "snake_case_name", "2 < 3", "**bold**", "**bold words that go on**", "*leaning*", "_leaning too_", "~~gone~~",
    "***both***", "`code`", "`more code`", "``a ` tick``", "[a link](https://example.com/a_b_(c)?d=e&f=g)",
    '[titled](https://example.com "a title")', "![an image](https://example.com/i.png)", "[**bold** link](/x)",
    "https://example.com/a/b_c?d=e&f=g#h", "<https://example.com/auto>", "&amp;", "&copy;", "&#128077;", "👍🏽",
    "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "1️⃣", "日本語の文章です。とても長い。", "한국어", "नमस्ते", "\\*literal\\*", "$x_1$",
    "- dash", "2. two", "# hash", "> more", "+ plus", "a | b", "line\u2028separator", "non\u00a0breaking",
]  # fmt: skip
_SAFE = [each for each in _WORDS if unicodedata.category(each[0])[0] == "L"]
_CODE = [
    "def f(x):", "    return x", "", "", "# comment - with * signs", "print(f'`{x}`')", "\tindented by a tab", "- item",
    "> quoted", "| a | b |", "x = {'key': [1, 2, 3], 'other': (4, 5)}  # and a comment behind it", "```", "~~~",
]  # fmt: skip

_NEEDS_GAP = {"---", "===", "3. ", "9. ", "Tit"}  # right below a paragraph they would be something else


def document(random: Random, *, blocks: int) -> str:
    """Markdown with every kind of block, some inside of others."""
    return "\n".join(_blocks(random, blocks, depth=0)) + "\n"


def _blocks(random: Random, count: int, depth: int) -> list[str]:
    kinds = [_paragraph, _paragraph, _paragraph, _fence, _table, _heading]
    lines: list[str] = []
    last = None
    for index in range(count):
        nested = [_list, _list, _quote] if depth < 3 else []
        kind = _paragraph if index == 0 and depth else random.choice([*kinds, *nested, *nested])
        if kind is _list and last is _list:
            kind = _paragraph  # two lists that touch are one
        last = kind
        lines += kind(random, depth)
        lines += [""] * random.choice([1, 1, 1, 2])
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _sentence(random: Random) -> str:
    words = [random.choice(_SAFE), *(random.choice(_WORDS) for _ in range(random.randint(1, 14)))]
    return " ".join(words).capitalize() + random.choice([".", ".", "!", "?", "。", ":"])


def _paragraph(random: Random, depth: int) -> list[str]:
    count = random.choice([1, 1, 2, 3, 8 if depth == 0 else 4])
    if random.random() < 0.1:
        return [f"**{random.choice(_SAFE)} " + "bold to the end " * random.randint(1, 30) + "here**"]
    if random.random() < 0.05:
        return ["word" * random.randint(1, 80)]
    text = ""
    for _ in range(count):
        text += _sentence(random) + random.choice([" ", " ", " ", "\n", "  \n"])
    return text.strip().split("\n")


def _heading(random: Random, depth: int) -> list[str]:
    if random.random() < 0.2:
        return ["Title", random.choice(["===", "---"])]
    title = " ".join(random.choice(_SAFE) for _ in range(random.randint(1, 5)))
    if random.random() < 0.1:
        return ["---"]
    return ["#" * random.randint(1, 4) + " " + title]


def _fence(random: Random, depth: int) -> list[str]:
    fence = random.choice(["```", "```", "~~~", "`````"])
    code = [random.choice(_CODE) for _ in range(random.randint(0, 14))]
    code = [each for each in code if not each.startswith(fence)]
    return [fence + random.choice(["", "python", "js title=x"]), *code, fence]


def _table(random: Random, depth: int) -> list[str]:
    width = random.randint(1, 4)

    def cell() -> str:
        return " ".join(random.choice(_WORDS) for _ in range(random.randint(1, 2))).replace("|", "/")

    rows = [[cell() for _ in range(width)] for _ in range(random.randint(1, 7))]
    head = [[f"head {random.randint(0, 10**6)}" for _ in range(width)], ["---", ":-:", "--:", ":--"][:width]]
    return ["| " + " | ".join(row) + " |" for row in [*head, *rows]]


def _list(random: Random, depth: int) -> list[str]:
    ordered = random.random() < 0.5
    loose = random.random() < 0.3
    number, step = random.choice([(1, 1), (1, 1), (3, 1), (9, 1), (1, 0)])
    lines: list[str] = []
    for index in range(random.randint(1, 5)):
        marker = f"{number + step * index}. " if ordered else random.choice("-") + " " * random.choice([1, 1, 3])
        count = random.choice([1, 1, 1, 2, 3])
        item = _blocks(random, count, depth + 1)
        if not loose and count == 2 and not _NEEDS_GAP.intersection(line.strip()[:3] for line in item):
            item = [each for each in item if each]
        lines.append(marker + item[0])
        lines += [" " * len(marker) + each if each else "" for each in item[1:]]
        if loose:
            lines.append("")
    while not lines[-1]:
        lines.pop()
    return lines


def _quote(random: Random, depth: int) -> list[str]:
    return ["> " + each if each else ">" for each in _blocks(random, random.choice([1, 1, 2, 3]), depth + 1)]
