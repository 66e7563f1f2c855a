"""The operator's `plaudit.toml`: read, checked, and asked which policy holds where.

What the keys may be is `core.policy.keys`'s, how layers go together `core.policy.layers`'s, and the sentence about what
is wrong `core.policy.faults`'s.
"""

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from core.errors import SettingsError
from core.messages import MessageRef, PlaceRef
from core.policy import Policy
from core.policy.checking import Checks
from core.policy.faults import faults_of, no_toml, sentence
from core.policy.keys import File
from core.policy.layers import Key, faults, policy_of, stacks
from core.policy.outward import Nats, Pushes, Webhook
from core.policy.telling import Alert, Digest
from core.policy.tracking import Mlflow

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outward:
    """What leaves for other systems."""

    webhooks: tuple[Webhook, ...] = ()
    nats: Nats | None = None
    push: Pushes = field(default_factory=Pushes)


@dataclass(frozen=True, slots=True)
class LoadedPolicies:
    """What one reading of the file says. Asking it takes at most four look-ups."""

    policies: Mapping[Key, Policy]
    """Where something is chosen; `()` is everywhere else."""
    look_back: timedelta
    """How far back replies are compared with what the platforms show."""
    look_back_every: timedelta | None
    """How often, besides starts and reconnects; None: never."""
    outward: "Outward"
    """What leaves for other systems."""
    digest: Digest
    alert: Alert
    """What is told by itself."""
    mlflow: Mlflow
    """How MLflow is kept as the log says."""
    checks: Checks
    """What code says of the replies."""

    def at(self, where: PlaceRef | MessageRef) -> Policy:
        """The policy of a channel, or of its workspace, its platform, or all."""
        return (
            self.policies.get((where.platform, where.workspace, where.channel))
            or self.policies.get((where.platform, where.workspace))
            or self.policies.get((where.platform,))
            or self.policies[()]
        )


def load_policies(path: Path, *, required: bool = True) -> LoadedPolicies:
    """Read the file; without it, and where it is not `required`, the defaults hold everywhere.

    Raises:
        SettingsError: it cannot be read, or something in it cannot be; the message names the line, the key and the fix.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if not required:
            return read_policies("", name=str(path))
        raise SettingsError(
            f"There is no file {path}, which PLAUDIT_CONFIG names. `plaudit config example` prints one to begin with."
        ) from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: this is not UTF-8; save the file as UTF-8.") from error
    return read_policies(text, name=str(path))


def read_policies(text: str, *, name: str) -> LoadedPolicies:
    """Read a text of TOML; `name` is what errors call it.

    Raises:
        SettingsError: as `load_policies`.
    """
    try:
        file = File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(no_toml(name, text, error)) from error
    except ValidationError as error:
        raise SettingsError(sentence(name, text, faults_of(error))) from error
    places = list(stacks(file))
    if found := [fault for place in places for fault in faults(place)]:
        raise SettingsError(sentence(name, text, found))
    return LoadedPolicies(
        policies={place.key: policy_of(place.layers) for place in places},
        look_back=timedelta(days=file.look_back_days),
        look_back_every=file.look_back_every or None,
        outward=Outward(file.webhooks, file.nats, file.push),
        digest=file.digest,
        alert=file.alert,
        mlflow=file.mlflow,
        checks=file.checks,
    )


class Reloading:
    """The policies of a file that may be read again while the bot runs."""

    def __init__(self, path: Path, *, required: bool = True) -> None:
        """Reads the file, as `load_policies` does."""
        self._path = path
        self._required = required
        self._loaded = load_policies(path, required=required)

    def at(self, where: PlaceRef | MessageRef) -> Policy:
        """The policy of a channel, or of its workspace, its platform, or all, as last read."""
        return self._loaded.at(where)

    @property
    def look_back(self) -> timedelta:
        """How far back replies are compared with what the platforms show."""
        return self._loaded.look_back

    @property
    def look_back_every(self) -> timedelta | None:
        """How often, besides starts and reconnects; None: never."""
        return self._loaded.look_back_every

    @property
    def outward(self) -> Outward:
        """What leaves for other systems."""
        return self._loaded.outward

    @property
    def digest(self) -> Digest:
        """When which figures are posted where."""
        return self._loaded.digest

    @property
    def alert(self) -> Alert:
        """How it is watched whether people like the replies less than they did."""
        return self._loaded.alert

    @property
    def mlflow(self) -> Mlflow:
        """How MLflow is kept as the log says."""
        return self._loaded.mlflow

    @property
    def checks(self) -> Checks:
        """What code says of the replies."""
        return self._loaded.checks

    def reload(self) -> bool:
        """Read the file again. Where something in it cannot be, all stays as it was; the log says which."""
        try:
            self._loaded = load_policies(self._path, required=self._required)
        except SettingsError as error:
            logger.error("config_not_reloaded", extra={"error": str(error)})  # noqa: TRY400 - the sentence tells all
            return False
        logger.info("config_reloaded", extra={"file": str(self._path), "places": len(self._loaded.policies)})
        return True
