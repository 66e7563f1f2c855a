"""What Discord answers when it refuses a call: its JSON error codes, as one exception. No sockets.

The codes: docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Problem(Enum):
    """HTTP status, JSON code, and the message that comes with it."""

    UNAUTHORIZED = (401, 0, "401: Unauthorized")
    NOT_FOUND = (404, 0, "404: Not Found")
    UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
    UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
    UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
    UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
    UNKNOWN_USER = (404, 10013, "Unknown User")
    UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
    UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
    UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
    UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
    TOO_MANY_REACTIONS = (400, 30010, "Maximum number of reactions reached (20)")
    TOO_MANY_OLD_EDITS = (
        429,
        30046,
        "Maximum number of edits to messages older than 1 hour reached. Try again later.",
    )
    ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
    MISSING_ACCESS = (403, 50001, "Missing Access")
    NOT_YOUR_MESSAGE = (403, 50005, "Cannot edit a message authored by another user")
    EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
    CANNOT_SEND_TO_USER = (403, 50007, "Cannot send messages to this user")
    NOT_A_TEXT_CHANNEL = (400, 50008, "Cannot send messages in a non-text channel")
    MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
    INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
    INVALID_FORM = (400, 50035, "Invalid Form Body")
    THREAD_ARCHIVED = (400, 50083, "Thread is archived")
    INVALID_JSON = (400, 50109, "The request body contains invalid JSON.")
    THREAD_EXISTS = (400, 160004, "A thread has already been created for this message")


class RefusedError(Exception):
    """The call is refused; `body` is what the caller reads."""

    def __init__(
        self, problem: Problem, *, errors: Mapping[str, Any] | None = None, retry_after: float | None = None
    ) -> None:
        """`retry_after`: seconds, for the problems that are a rate limit."""
        self.status, code, message = problem.value
        super().__init__(message)
        self.retry_after = retry_after
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def invalid_field(path: str, code: str, message: str) -> RefusedError:
    """A 50035 that points at `path` (`embeds.0.description`)."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path.split(".")):
        errors = {name: errors}
    return RefusedError(Problem.INVALID_FORM, errors=errors)


def too_long(path: str, limit: int) -> RefusedError:
    """A 50035 for a text of more than `limit` characters at `path`."""
    return invalid_field(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
