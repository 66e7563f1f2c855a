"""Log lines: a name and fields; an error of our own in its sentence, any other with its traceback."""

import errno
import io
import logging

import orjson
import pytest

from bots.slack.socket_lines import InOurWords, socket_logger
from core import logs
from core.errors import DatabaseUnavailableError

SENTENCE = "The database cannot be used: look whether the disk is full."


@pytest.fixture(autouse=True)
def as_before():
    """Logging is as it was, afterwards."""
    root, ours = logging.getLogger(), [logging.getLogger(each) for each in ("bots", "core")]
    handlers, levels = root.handlers[:], [each.level for each in (root, *ours)]
    yield
    root.handlers[:] = handlers
    for each, level in zip((root, *ours), levels, strict=True):
        each.setLevel(level)


def fail(error):
    try:
        raise error
    except type(error):
        logging.getLogger("core.store").warning("append_failed", extra={"calls": 2}, exc_info=True)


def slack_sdk_says(message, error=None, level=logging.ERROR):
    exc_info = (type(error), error, None) if error else None
    return logging.LogRecord("x", level, "x.py", 1, message, (), exc_info)


def test_an_error_of_our_own_is_one_line_with_its_sentence(capsys):
    logs.configure()

    fail(DatabaseUnavailableError(SENTENCE))

    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(f"append_failed error={SENTENCE} calls=2")


def test_whoever_debugs_sees_its_traceback_too(capsys):
    logs.configure(level="debug")

    fail(DatabaseUnavailableError(SENTENCE))

    assert "Traceback" in capsys.readouterr().err


def test_an_error_that_nobody_expected_keeps_its_traceback(capsys):
    logs.configure(as_json=True)

    fail(KeyError("id"))

    line = orjson.loads(capsys.readouterr().err)
    assert (line["event"], line["calls"]) == ("append_failed", 2)
    assert "test_logs.py" in line["exception"]


class Full(io.StringIO):
    def write(self, _):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_written_is_lost_without_a_word(capsys, monkeypatch):
    logs.configure()
    [handler] = logging.getLogger().handlers
    monkeypatch.setattr(handler, "stream", Full())

    logging.getLogger("bots").info("ready")

    assert capsys.readouterr().err == ""


def test_a_field_does_not_take_the_place_of_the_moment_or_the_name(capsys):
    logs.configure(as_json=True)

    logging.getLogger("bots").info("ready", extra={"at": "somewhere", "event": "x", "seconds": 1})

    line = orjson.loads(capsys.readouterr().err)
    assert (line["event"], line["seconds"]) == ("ready", 1)
    assert line["at"].startswith("20")


@pytest.mark.parametrize(
    ("message", "error", "becomes"),
    [
        ("Failed to run a request listener: closing, session: s_1", ConnectionResetError(), "acknowledgement_lost"),
        ("Failed to connect (error: wss://x/?ticket=secret); Retrying...", TimeoutError(), "connecting_failed"),
        ("Failed to check the current session (s_1) (error: OSError, message: x)", None, "connecting_failed"),
    ],
)
def test_what_breaks_every_day_on_slacks_socket_is_one_line_with_our_name(capsys, message, error, becomes):
    logs.configure()

    socket_logger().error(message, exc_info=error)

    [line] = capsys.readouterr().err.splitlines()
    assert f"WARNING {becomes} platform=slack reason=" in line
    assert "secret" not in line


def test_what_slack_says_against_a_connection_is_its_reason(capsys):
    logs.configure()

    socket_logger().error(
        "Failed to check the current session (s_1) … (error: SlackApiError, message: …\n"
        "The server responded with: {'ok': False, 'error': 'token_revoked'})"
    )

    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("connecting_failed platform=slack reason=token_revoked")


def test_what_slack_sdk_raises_as_well_is_not_said_twice():
    assert not InOurWords().filter(slack_sdk_says("Failed to retrieve WSS URL: internal_error"))


def test_the_same_is_said_once_a_minute():
    ours = InOurWords()
    lines = [slack_sdk_says("Failed to connect (error: x)", OSError()) for _ in range(4)]
    for line, moment in zip(lines, (1000.0, 1003.0, 1059.0, 1061.0), strict=True):
        line.created = moment

    assert [ours.filter(each) for each in lines] == [True, False, False, True]


def test_a_fault_of_our_own_behind_the_socket_stays_as_it_is():
    record = slack_sdk_says("Failed to run a request listener: 'id'", KeyError("id"))

    assert InOurWords().filter(record)
    assert record.levelno == logging.ERROR
    assert record.exc_info
