"""Which files are read, how they are put before a model, and how a content names them."""

import pytest

from core.attachments import (
    FileLimits,
    as_read,
    as_unread,
    note,
    opened,
    refusal,
    reworded,
    says,
    with_names,
)
from core.messages import Attached
from core.ports import Image

PNG = b"\x89PNG\r\n\x1a\n..."
SEES = FileLimits(images=True)


def file(name: str = "notes.txt", media_type: str = "", size: int = 100, address: str = "https://files.example/1"):
    return Attached(name, media_type, size, address)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("notes.txt", "text/plain; charset=utf-8"),
        ("main.ts", "video/mp2t"),
        ("Dockerfile", "application/octet-stream"),
        ("answer", "application/problem+json"),
        ("data.CSV", ""),
        ("plan", "text/markdown"),
    ],
)
def test_texts_are_known_by_their_name_or_their_type(name, media_type):
    assert refusal(file(name, media_type), FileLimits()) == ""


@pytest.mark.parametrize(
    ("given", "limits", "reason"),
    [
        (file("x.zip", "application/zip"), SEES, "only text and pictures are read"),
        (file("voice.ogg", "audio/ogg"), SEES, "only text and pictures are read"),
        (file(size=200_001), SEES, "more than 200 kB is not read"),
        (file("photo.png", "image/png"), FileLimits(), "pictures are not read here"),
        (file("photo.png", size=5_000_001), SEES, "more than 5 MB is not read"),
        (file(), FileLimits(text_bytes=0), "files are not read here"),
        (file("photo.png"), FileLimits(text_bytes=0, images=True), "files are not read here"),
        (file(address=""), SEES, "it could not be fetched"),
    ],
)
def test_what_is_not_read_has_a_reason(given, limits, reason):
    assert refusal(given, limits) == reason


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\x10\x0a\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say(content, kind):
    assert opened(file("photo.jpg", "image/jpeg"), content).image == Image(kind, content)


def test_what_only_calls_itself_a_picture_or_a_text_is_neither():
    assert opened(file("photo.png", "image/png"), b"<html>").reason == "it is no PNG, JPEG, GIF or WebP"
    assert opened(file(), b"\xff\xfe\x00").reason == "it is not UTF-8 text"
    assert opened(file(), b"a\x00b").reason == "it is not UTF-8 text"


def test_a_byte_order_mark_is_not_a_part_of_the_text():
    assert opened(file(), b"\xef\xbb\xbfhello").text == "hello"


def test_a_fence_is_longer_than_those_inside():
    found = opened(file("README.md"), b"````\ncode\n````")

    assert as_read([found], 1_000) == "[attached: README.md, 100 B]\n`````\n````\ncode\n````\n`````"


def test_texts_that_are_too_long_are_cut_and_the_model_and_the_person_are_told():
    files = [opened(file("a.txt"), b"aaaa"), opened(file("b.txt"), b"bbbb")]

    assert as_read(files, 6) == (
        "[attached: a.txt, 100 B]\n```\naaaa\n```\n\n"
        "[attached: b.txt, 100 B; only its first 2 characters follow]\n```\nbb\n```"
    )
    assert note(files, 6) == "📎 Not read: b.txt, 100 B (all behind its first 2 characters)."
    assert note(files, 8) == ""


def test_a_name_is_one_line_without_control_characters():
    content = with_names("look", [file("a\nb\x1b[31m\u202e.txt", size=3_100)])

    assert content == "look\n\n[attached: a b[31m.txt, 3.1 kB]"


@pytest.mark.parametrize(
    ("size", "said"), [(900, "900 B"), (999_600, "1 MB"), (20_000_000, "20 MB"), (9_940, "9.9 kB")]
)
def test_sizes_are_said_as_people_do(size, said):
    assert with_names("", [file(size=size)]) == f"[attached: notes.txt, {said}]"


def test_other_words_leave_the_files_and_the_same_words_are_known():
    content = with_names("where?", [file("a.txt"), file("b.zip")])

    edited = reworded(content, "where is it?")

    assert edited == "where is it?\n\n[attached: a.txt, 100 B]\n\n[attached: b.zip, 100 B]"
    assert says(edited, "where is it?")
    assert not says(edited, "where?")
    assert not says(edited, "where is")
    assert reworded(with_names("", [file("a.txt")]), "look") == "look\n\n[attached: a.txt, 100 B]"


def test_whoever_writes_what_looks_like_a_file_has_not_edited_it():
    text = "see\n\n[attached: nothing]"

    assert says(text, text)
    assert says(with_names(text, [file()]), text)


def test_files_of_which_nobody_knows_any_more_were_not_read():
    content = with_names("where?", [file()])

    assert as_unread(content) == "where?\n\n[attached and not read: notes.txt, 100 B]"
    assert as_unread("no files") == "no files"
    kept = "where?\n\n" + as_read([opened(file(), b"here")], 100)
    assert as_unread(kept) == kept
