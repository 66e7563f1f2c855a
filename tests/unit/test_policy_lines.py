"""On which line of a TOML text a key is found."""

import tomllib

import pytest

from core.policy.lines import line_of

TEXT = '''\
# a comment = 1
first = 1   # [not.a.header]
"quoted key" = 2
'lit.eral' = 3
dotted.one = 4
dotted . "two" = 5

list = [
  "a",  # a comment with ] in it
  "b", "c",

  "d]",
]
text = """
[no.header]
no_key = 1
"""
inline = { people = [
  "U1",
  "U2" ], "\\u0061" = 1 }

[table]
key = 1
[ table . "in.ner" ]  # spaces
key = 2
words = ["x", [
  1,
  2]]

[other]
  "👍" = true
[table.later]
key = 3'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("first",), 2),
        (("quoted key",), 3),
        (("lit.eral",), 4),
        (("dotted",), 5),
        (("dotted", "one"), 5),
        (("dotted", "two"), 6),
        (("list",), 8),
        (("list", 0), 9),
        (("list", 1), 10),
        (("list", 2), 10),
        (("list", 3), 12),
        (("text",), 14),
        (("inline",), 18),
        (("inline", "people", 0), 19),
        (("inline", "people", 1), 20),
        (("table",), 22),
        (("table", "key"), 23),
        (("table", "in.ner"), 24),
        (("table", "in.ner", "key"), 25),
        (("table", "in.ner", "words", 1, 0), 27),
        (("table", "in.ner", "words", 1, 1), 28),
        (("other", "👍"), 31),
        (("table", "later", "key"), 33),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_key_is_found_on_its_line(path, line, ending):
    text = TEXT.replace("\n", ending)
    tomllib.loads(text)

    found = line_of(text, path)

    assert found == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("other", "missing"), 30),
        (("table", "in.ner", "key", "[key]"), 25),
        (("list", 9), 8),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_what_is_not_there_is_found_where_it_would_belong(path, line):
    text = TEXT

    found = line_of(text, path)

    assert found == line


def test_a_list_of_thousands_of_lines_is_searched_quickly():
    text = "people = [\n" + '  "U1",\n' * 5_000 + "]\nlast = 1"

    found = [line_of(text, path) for path in (("people", 4_999), ("last",))]

    assert found == [1, 5_003]
