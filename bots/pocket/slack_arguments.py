"""The arguments of one call to Slack's Web API, however they came: query, form or JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bots.pocket.slack_workspace import SlackError


class Arguments(Mapping[str, Any]):
    """What a call was given. Query and form know only strings; JSON keeps its types."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def __getitem__(self, name: str) -> Any:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def text(self, name: str) -> str:
        """The argument as text; empty where it is missing."""
        value = self._given.get(name)
        return "" if value is None else str(value)

    def needed(self, name: str) -> str:
        """The argument as text. Raises `invalid_arguments` where it is missing."""
        if not (value := self.text(name)):
            complaint = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [complaint]})
        return value

    def flag(self, name: str) -> bool:
        """Whether the argument says yes, in any of the spellings that Slack takes."""
        return self.text(name).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """The argument as a whole number. Raises `invalid_arguments`."""
        value = self.text(name)
        if value and not value.isdigit():
            raise SlackError("invalid_arguments")
        return int(value) if value else default

    def objects(self, name: str, *, error: str) -> list[dict[str, Any]] | None:
        """A list of JSON objects, given as such or written in a string; None where it is missing. Raises `error`."""
        value = self._given.get(name)
        if value is None:
            return None
        try:
            value = orjson.loads(value) if isinstance(value, str) else value
        except orjson.JSONDecodeError:
            raise SlackError(error) from None
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise SlackError(error)
        return value
