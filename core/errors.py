"""What can go wrong, each said so that a person can do something about it.

A foreign exception becomes one of these at the edge, with `from`. The message of an error is a sentence for the
person who sees it (an operator at the terminal, or someone in the chat); the cause stays on the exception, for the
log.
"""


class PlauditError(Exception):
    """Anything that Plaudit itself reports; its text says what to do."""


class SettingsError(PlauditError):
    """A setting is missing, misspelt or out of bounds."""


class DatabaseUnavailableError(PlauditError):
    """The database cannot be opened, or went away."""


class SchemaMismatchError(PlauditError):
    """The database's tables are older or newer than this version of Plaudit."""


class NotFoundError(PlauditError):
    """There is no such conversation, message or record."""


class PlatformError(PlauditError):
    """A chat platform refused a call or could not be reached."""


class PlatformUnavailableError(PlatformError):
    """The platform cannot be reached, or is out of order: the same call may succeed in a while."""


class PlatformRefusedTokenError(PlatformError):
    """The platform does not accept the token: nothing will work until the operator gives another."""


class RateLimitedError(PlatformError):
    """The platform wants a pause before the next call of this kind."""

    def __init__(self, retry_after: float) -> None:
        """`retry_after`: the pause, in seconds."""
        super().__init__(f"The platform asks for a pause of {retry_after:g} s.")
        self.retry_after = retry_after


class MessageGoneError(PlatformError):
    """The message to be edited, or the place to post in, is no longer there for us."""


class PlaceGoneError(MessageGoneError):
    """It is the place: whether the message still stands in it cannot be seen."""


class StreamRefusedError(PlatformError):
    """The platform does not (or no longer) stream this message; it can be edited all the same."""


class MessageTooLongError(PlatformError):
    """The platform says that the text is longer than it takes, whatever its documentation says."""


class ModelFailedError(PlauditError):
    """The language model failed before or during its answer; the text is for the person who asked."""

    def __init__(self, message: str, *, reason: str, retry_after: float | None = None) -> None:
        """`message` is a sentence for the chat, `reason` a short stable word for the log.

        `retry_after`: the pause that the server asks for, in seconds, where it does.
        """
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after
