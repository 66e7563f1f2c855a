"""Whatever stands in plaudit.toml and in .env: it holds, or a sentence says what to mend."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SettingsError
from core.messages import PlaceRef
from core.policy.file import load_policies, read_policies
from core.policy.keys import File, Layer
from core.settings import Settings, setting_names

HERE = PlaceRef("slack", "T1", "C1")
WORDS = st.sampled_from(["", "never", "1h", "👍", "buttons", "a b", "default", "slack:T1:C1", "0 9 * * mon", "x" * 300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | WORDS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [*File.model_fields, *Layer.model_fields, "slack.workspace.T1", "discord.guild.1.channel.2", "x"]
)


def toml(value) -> str:
    """A value as TOML would have it, or nearly so."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return f"{{ {', '.join(f'{toml(name)} = {toml(each)}' for name, each in value.items())} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return repr(value)


LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {toml(pair[1])}"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[{key}]]"),
    st.text(max_size=20),
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(LINES, max_size=5).map("\n".join))
def test_any_text_is_a_policy_or_is_refused_with_its_line(text):
    said = "plaudit.toml, line "
    try:
        read_policies(text, name="plaudit.toml").at(HERE)
    except SettingsError as error:
        said = str(error)

    assert said.startswith("plaudit.toml, line ")


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60))
def test_any_bytes_are_a_file_or_are_refused(tmp_path, content):
    file = tmp_path / "plaudit.toml"
    file.write_bytes(content)

    said = str(file)
    try:
        load_policies(file)
    except SettingsError as error:
        said = str(error)

    assert str(file) in said


NAMES = st.sampled_from([*setting_names().values(), "PLAUDIT_UNKNOWN", "EXPORT", "export PLAUDIT_SEED", ""])
ENTRIES = st.one_of(
    st.tuples(NAMES, st.text(max_size=15) | st.integers().map(str) | st.just("'")).map("=".join).map(str.encode),
    st.text(max_size=20).map(str.encode),
    st.binary(max_size=20),
)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A directory with nothing in it, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in {*os.environ} & {*setting_names().values()}:
        monkeypatch.delenv(name)
    return tmp_path


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(ENTRIES, max_size=5).map(b"\n".join))
def test_any_env_file_is_settings_or_is_refused_without_a_value_in_the_sentence(nowhere, content):
    (nowhere / ".env").write_bytes(b"SLACK_BOT_TOKEN=xoxb-hidden\n" + content)

    try:
        said = repr(Settings.load(environ={}))
    except SettingsError as error:
        said = str(error)

    assert "xoxb-hidden" not in said
