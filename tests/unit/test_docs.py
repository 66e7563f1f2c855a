"""The documents name only what there is: files, commands and their options, tests."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bots.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
COMMAND = typer.main.get_command(app)


def calls(text: str) -> Iterator[list[str]]:
    """The words behind `plaudit` wherever a document calls it: in a line of code, or between backticks."""
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    lines = [line.split(" #")[0] for line in blocks.splitlines()]
    for each in [*lines, *re.findall(r"`(plaudit [^`]+)`", text.replace("\n", " "))]:
        found = re.match(r"plaudit (.+)", each)
        if found:
            yield re.split(r"[\s\[\]]+", found[1])


def options(command: Any) -> set[str]:
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def is_known(words: list[str]) -> bool:
    """Whether there is such a command, with all the options that are named; one of a group's commands may have them."""
    chosen, known = [COMMAND], options(COMMAND) | {"--help"}
    for word in words:
        bare = word.split("=")[0].strip(",.;:…")
        inside = [getattr(each, "commands", {}) for each in chosen]
        if bare.startswith("--"):
            if bare not in known.union(*(options(each) for commands in inside for each in commands.values())):
                return False
        elif any(inside) and re.fullmatch(r"[a-z-]+(\|[a-z-]+)*", bare):
            chosen = [commands.get(each) for commands in inside for each in bare.split("|")]
            if not all(chosen):
                return False
            known = known.union(*map(options, chosen))
    return True


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_each_link_in_a_document_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())

    assert [each for each in links if "://" not in each and not (document.parent / each).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_each_command_in_a_document_is_there_with_its_options(document):
    assert [" ".join(each) for each in calls(document.read_text()) if not is_known(each)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_each_file_of_the_project_that_a_document_names_is_there(document):
    paths = re.findall(r"`((?:bots|core|deploy|migrations|tests)/[\w/.]+)`", document.read_text())

    assert [each for each in paths if not (ROOT / each).exists() and not (ROOT / f"{each}.py").exists()] == []


def test_each_test_that_shows_a_capability_is_there():
    paths = re.findall(
        r"`((?:unit|contract|scenarios|faults|mlflow|training|bench)/[\w.]+)`",
        (ROOT / "docs/capabilities.md").read_text(),
    )

    assert paths
    assert [each for each in paths if not (ROOT / "tests" / each).exists()] == []
