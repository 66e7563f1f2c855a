"""Files that stand beside a question: which are read, how they are put before a model, how the log names them. No I/O.

In a message's content its files come last, each a paragraph that begins `[attached: ` or `[attached and not read: `.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from core.messages import Attached
from core.ports import Image

_READ: Final = "[attached: "
_UNREAD: Final = "[attached and not read: "
_FILES: Final = re.compile(r"(?:\A|\n\n)\[attached(?: and not read)?: ")
"""Where the files begin in a content."""
_NAME_ALONE: Final = re.compile(r"(?:\A|\n\n)\[attached: [^\n]*\](?!\n```)")
"""A file of which the content has the name and not the text."""
_NAME_LENGTH: Final = 100

_TEXT_TYPES: Final = re.compile(
    r"text/.*|.*\+(?:json|xml)"
    r"|application/(?:json|jsonl|x-ndjson|xml|yaml|x-yaml|toml|sql|javascript|ecmascript|x-sh|graphql)"
)
_TEXT_ENDINGS: Final = frozenset(
    """
    adoc awk bash bat bib c cc cfg clj cmake conf cpp cs css csv dart diff dockerfile el elm erl ex exs f90
    fish fs go gradle graphql groovy h hpp hs htm html ini ipynb java jl js json jsonl jsx kt lisp log lua m4
    md mk ml ndjson nim nix org patch php pl properties proto ps1 py pyi r rb rs rst sass scala scss sh sql
    srt svelte svg swift tcl tex tf toml ts tsv tsx txt v vb vim vtt vue xml yaml yml zig zsh
    """.split()  # noqa: SIM905 - as a list it would be a page
)
_IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"})
_IMAGE_ENDINGS: Final = frozenset({"png", "jpg", "jpeg", "gif", "webp"})
_MAGIC: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
"""What the files of each kind begin with: W3C PNG 5.2, ITU T.81 B.1.1.3, GIF89a 17, RFC 9649 2.4."""

NOT_FETCHED: Final = "it could not be fetched"
TOO_MANY: Final = "there were more files than are read at once"
_NOT_HERE: Final = "files are not read here"
_NO_PICTURES: Final = "pictures are not read here"
_OTHER_KIND: Final = "only text and pictures are read"
_NOT_TEXT: Final = "it is not UTF-8 text"
_NOT_A_PICTURE: Final = "it is no PNG, JPEG, GIF or WebP"


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What the operator chose of files."""

    text_bytes: int = 200_000
    """The largest text file that is read; 0: no file is read, pictures neither."""
    images: bool = False
    """The model sees."""
    image_bytes: int = 5_000_000
    """The largest picture."""
    keeps: bool = False
    """The text of files is kept in the log, with the question."""

    def of(self, file: Attached) -> int:
        """The most bytes that are fetched of `file`."""
        return self.image_bytes if _kind(file) is _Kind.IMAGE else self.text_bytes


DEFAULT_FILES: Final = FileLimits()


@dataclass(frozen=True, slots=True)
class Opened:
    """A file, and what became of it: a text, a picture, or a reason why it was not read."""

    file: Attached
    text: str | None = None
    image: Image | None = None
    reason: str = ""


class _Kind(Enum):
    TEXT = "text"
    IMAGE = "image"
    OTHER = "other"


def refusal(file: Attached, limits: FileLimits) -> str:
    """Why `file` is not even fetched; empty where it is."""
    kind, most = _kind(file), limits.of(file)
    if not limits.text_bytes:
        return _NOT_HERE
    if kind is _Kind.OTHER:
        return _OTHER_KIND
    if kind is _Kind.IMAGE and not limits.images:
        return _NO_PICTURES
    if file.size > most:
        return f"more than {_size(most)} is not read"
    return "" if file.address else NOT_FETCHED


def opened(file: Attached, content: bytes) -> Opened:
    """`file` once its bytes are here: they decide, whatever it was said to be."""
    if _kind(file) is _Kind.IMAGE:
        kind = next((kind for magic, kind in _MAGIC if magic.match(content)), None)
        return Opened(file, image=Image(kind, content)) if kind else Opened(file, reason=_NOT_A_PICTURE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Opened(file, reason=_NOT_TEXT)
    return Opened(file, reason=_NOT_TEXT) if "\0" in text else Opened(file, text=text)


def as_read(files: Sequence[Opened], room: int) -> str:
    """What a model reads of `files`: texts in fences, `room` characters of them in all, and the names of the rest."""
    paragraphs = []
    for each in files:
        name = _named(each.file)
        if each.text is not None:
            paragraphs.append(_fenced(name, each.text, room))
            room = max(0, room - len(each.text))
        elif each.image is not None:
            paragraphs.append(f"{_READ}{name}]")
        else:
            paragraphs.append(f"{_UNREAD}{name}: {each.reason}]")
    return "\n\n".join(paragraphs)


def note(files: Sequence[Opened], room: int) -> str:
    """What whoever asked is told of the files that were not read, or not to their end; empty where all were."""
    missing = []
    for each in files:
        if each.reason:
            missing.append(f"{_named(each.file)} ({each.reason})")
        elif each.text is not None:
            if len(each.text) > room:
                missing.append(f"{_named(each.file)} (all behind its first {room:,} characters)")
            room = max(0, room - len(each.text))
    return f"📎 Not read: {'; '.join(missing)}." if missing else ""


def with_names(text: str, files: Sequence[Attached]) -> str:
    """A content that says which files stood beside `text`."""
    return with_files(text, "\n\n".join(f"{_READ}{_named(each)}]" for each in files))


def with_files(text: str, paragraphs: str) -> str:
    """A content: `text`, then its files."""
    return "\n\n".join(filter(None, (text.strip(), paragraphs)))


def parted(content: str) -> tuple[str, str]:
    """The words of a content, and the paragraphs of its files."""
    found = _FILES.search(content)
    return (content[: found.start()], content[found.start() :].lstrip("\n")) if found else (content, "")


def says(content: str, text: str) -> bool:
    """Whether the words of `content` are `text`, whatever files stand beside them."""
    # Not by `parted`: someone may have written what looks like a file.
    return content == text or (content.startswith(text) and _FILES.match(content, len(text)) is not None)


def reworded(content: str, text: str) -> str:
    """`content` with other words, and its files as they are."""
    return with_files(text, parted(content)[1])


def is_kept(content: str) -> bool:
    """Whether all that a model may have read with `content` is in it: it has no files, or their texts."""
    return _READ not in content or _NAME_ALONE.search(content) is None


def as_unread(content: str) -> str:
    """A content of which nobody here knows what was in its files, unless it says so itself."""
    words, files = parted(content)
    return content if "```" in files else with_files(words, files.replace(_READ, _UNREAD))


def _fenced(name: str, text: str, room: int) -> str:
    cut = f"; only its first {room:,} characters follow" if len(text) > room else ""
    ticks = max((len(each) for each in re.findall(r"`{3,}", text)), default=2) + 1
    fence = "`" * ticks
    return f"{_READ}{name}{cut}]\n{fence}\n{text[:room].rstrip()}\n{fence}"


def _kind(file: Attached) -> _Kind:
    ending = (PurePosixPath(file.name).suffix or file.name).removeprefix(".").lower()
    media_type = file.media_type.partition(";")[0].strip().lower()
    # The name first: to some a `.ts` is a film.
    if ending in _TEXT_ENDINGS:
        return _Kind.TEXT
    if ending in _IMAGE_ENDINGS or media_type in _IMAGE_TYPES:
        return _Kind.IMAGE
    return _Kind.TEXT if _TEXT_TYPES.fullmatch(media_type) else _Kind.OTHER


def _named(file: Attached) -> str:
    """Its name on one line, and its size."""
    name = "".join(each for each in " ".join(file.name.split()) if each.isprintable())[:_NAME_LENGTH]
    return f"{name or 'a file'}, {_size(file.size)}" if file.size else name or "a file"


def _size(count: int) -> str:
    """Bytes as people say them: 900 B, 3.1 kB, 20 MB."""
    amount, units = float(count), ["B", "kB", "MB", "GB"]
    while amount >= 999.5 and len(units) > 1:  # noqa: PLR2004 - what would be shown as 1000
        amount /= 1000
        units.pop(0)
    return f"{amount:.1f}".removesuffix(".0") + f" {units[0]}" if amount < 10 else f"{amount:.0f} {units[0]}"  # noqa: PLR2004 - two digits
