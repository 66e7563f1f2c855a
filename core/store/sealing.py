"""Secrets as the database keeps them: encrypted with a key that it does not hold (Fernet; the extra `oauth`)."""

from collections.abc import Sequence

from core.errors import SettingsError

_HOW = (
    'Make one by `python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"`; to '
    "change it, put the new one before the old, with a comma between."
)


class Seal:
    """Encrypts with the first of its keys, and decrypts with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: 32 bytes each, in URL-safe base64.

        Raises:
            SettingsError: one is none, there is none, or the extra is not installed.
        """
        try:
            from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsError(
                "To keep tokens, install it with the extra `oauth`: pip install 'plaudit[oauth]'"
            ) from error
        try:
            self._fernet = MultiFernet([Fernet(each) for each in keys])
        except ValueError as error:
            raise SettingsError(f"PLAUDIT_SECRET_KEY holds no key that can be used. {_HOW}") from error

    def seal(self, secret: str) -> str:
        """`secret`, encrypted."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was encrypted. Raises SettingsError where it was under none of the keys."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - an extra

        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SettingsError(
                "What is kept was encrypted with another key: put that one behind the new in PLAUDIT_SECRET_KEY, with "
                "a comma between, or install the app again."
            ) from error


def keys_in(text: str) -> list[str]:
    """The keys of PLAUDIT_SECRET_KEY, newest first."""
    return [each for each in map(str.strip, text.split(",")) if each]
