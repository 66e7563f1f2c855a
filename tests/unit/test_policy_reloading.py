"""`plaudit.toml` read again while the bot runs."""

import logging

import pytest

from core.errors import SettingsError
from core.messages import PlaceRef
from core.policy import DEFAULT
from core.policy.file import Reloading

SOMEWHERE = PlaceRef("slack", "T1", "C1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plaudit.toml"


def test_a_changed_file_holds_once_it_is_read_again(path, caplog):
    path.write_text('thread = "chat"\nlook_back_every = "never"')
    policies = Reloading(path)
    before = policies.at(SOMEWHERE)

    path.write_text('thread = "mention"\nlook_back_days = 7')
    unread = policies.at(SOMEWHERE)
    with caplog.at_level(logging.INFO):
        done = policies.reload()

    assert (before.thread, unread.thread, policies.at(SOMEWHERE).thread) == ("chat", "chat", "mention")
    assert (done, policies.look_back.days, policies.look_back_every is None) == (True, 7, False)
    assert [each.message for each in caplog.records] == ["config_reloaded"]


@pytest.mark.parametrize("wrong", [b'thred = "chat"', b"[", b"\xff", None])
def test_where_something_cannot_be_all_stays_as_it_was_and_the_log_says_what(path, caplog, wrong):
    path.write_text('thread = "chat"')
    policies = Reloading(path)

    path.unlink() if wrong is None else path.write_bytes(wrong)
    done = policies.reload()

    assert (done, policies.at(SOMEWHERE).thread) == (False, "chat")
    [line] = caplog.records
    assert line.message == "config_not_reloaded"
    assert str(path) in line.error
    assert wrong is None or "line 1" in line.error


def test_a_file_that_comes_and_goes_is_the_defaults_while_it_is_away(path):
    policies = Reloading(path, required=False)

    path.write_text('thread = "chat"')
    there = policies.reload() and policies.at(SOMEWHERE)
    path.unlink()
    gone = policies.reload() and policies.at(SOMEWHERE)

    assert there.thread == "chat"
    assert gone == DEFAULT


def test_a_wrong_file_is_refused_at_the_start(path):
    path.write_text("seeds = 1")

    with pytest.raises(SettingsError) as caught:
        Reloading(path, required=False)

    assert "line 1: `seeds`" in str(caught.value)
