"""What a bot leaves away of the libraries' code: their docstrings, and nothing else."""

import subprocess
import sys

from bots.lean import without_docstrings

SOURCE = '''
def told():
    """A docstring."""
    return "A docstring."[:1], [f"{each} is no docstring" for each in "ab"]

def untold():
    return "no docstring", lambda: "nor is this"

class Told:
    """A class's docstring."""
    name = "Told"

    def inner(self):
        """A method's docstring."""

class Untold:
    name = "Untold"
'''


def ran(code):
    names = {}
    exec(code, names)
    return names


def test_docstrings_go_and_what_the_code_does_stays():
    code = compile(SOURCE, "source.py", "exec", dont_inherit=True)

    before, after = ran(code), ran(without_docstrings(code))

    assert [after[name].__doc__ for name in ("told", "untold", "Told", "Untold")] == [".", None, ".", None]
    assert after["Told"].inner.__doc__ == "."
    assert after["untold"]()[0] == before["untold"]()[0]
    assert after["untold"]()[1]() == "nor is this"
    assert after["told"]()[1] == before["told"]()[1]
    assert (after["Told"].name, after["Untold"].name) == ("Told", "Untold")


def test_code_without_docstrings_stays_as_it_is():
    code = compile("def f():\n    return 1\n", "source.py", "exec", dont_inherit=True)

    assert without_docstrings(code) is code


def test_a_bot_has_none_of_the_libraries_and_keeps_its_own():
    code = (
        "from bots.lean import drop_docstrings; drop_docstrings()\n"
        "import bots.run_command, bots.running, discord, sqlalchemy\n"
        "print(*(each.__doc__ for each in (discord.Client, discord.Client.login, sqlalchemy.select)))\n"
        "print(bots.run_command.run_bot.__doc__)"
    )

    told = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True, text=True)

    assert told.stdout.splitlines()[0] == ". . ."
    assert told.stdout.splitlines()[1].startswith("Run the bot until it is stopped")
