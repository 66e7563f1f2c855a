"""A dataset on the Hugging Face Hub: what stands in it, and one commit at a time. What is put there is not known here.

The calls are huggingface_hub's and block: they are made in a thread. The token is in no message and no log line.
"""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RemoteEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from core.errors import SettingsError
from core.outward.dataset import Head, HubError

_DATASET: Final = "dataset"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _CHANGED = 401, 403, 404, 409, 412


class Hub:
    """One dataset, by `USER/REPO`."""

    def __init__(self, repo: str, token: str | None, *, endpoint: str | None = None) -> None:
        """`endpoint`: another Hub; None: that of HF_ENDPOINT. Raises SettingsError where there is no token."""
        if not token:
            raise SettingsError(
                "Pushing needs HF_TOKEN: make a token that may write (huggingface.co/settings/tokens), and set it in "
                "the environment or in .env."
            )
        disable_progress_bars()
        self.repo = repo
        self._api = HfApi(endpoint=endpoint or os.environ.get("HF_ENDPOINT"), token=token, library_name="plaudit")

    @property
    def address(self) -> str:
        """Where people look at it."""
        return f"{self._api.endpoint}/datasets/{self.repo}"

    def head(self) -> Head | None:
        """What stands in it; None where there is none. Raises HubError, as every method does."""
        with self._errors():
            try:
                info = self._api.dataset_info(self.repo)
            except RepositoryNotFoundError as error:
                if error.response.status_code == _UNAUTHORIZED:
                    # The Hub says so of what is not there, too, to whoever it does not know.
                    self._api.whoami()
                return None
            names = tuple(each.rfilename for each in info.siblings or ())
            return Head(info.sha or "", bool(info.private), names)

    def make(self, *, private: bool) -> None:
        """Make it."""
        with self._errors():
            self._api.create_repo(self.repo, repo_type=_DATASET, private=private, exist_ok=True)

    def read(self, path: str, head: Head) -> bytes:
        """A file of it, as of `head`."""
        with self._errors(), tempfile.TemporaryDirectory(prefix="plaudit-") as directory:
            found = self._api.hf_hub_download(
                self.repo, path, repo_type=_DATASET, revision=head.commit, cache_dir=directory
            )
            return Path(found).read_bytes()

    def commit(
        self, head: Head, message: str, files: Mapping[str, Path | bytes], *, delete: Collection[str] = ()
    ) -> None:
        """Put `files` in it and take `delete` out, all or none. Raises HubError where it is not at `head` any more."""
        operations: list[Any] = [CommitOperationDelete(path_in_repo=each) for each in delete if each not in files]
        operations += [
            CommitOperationAdd(path_in_repo=path, path_or_fileobj=str(what) if isinstance(what, Path) else what)
            for path, what in files.items()
        ]
        with self._errors():
            self._api.create_commit(
                self.repo,
                operations,
                commit_message=message,
                repo_type=_DATASET,
                parent_commit=head.commit or None,
            )

    def forget_history(self) -> None:
        """Let nothing of what was in it before be found any more."""
        with self._errors():
            self._api.super_squash_history(self.repo, repo_type=_DATASET, commit_message="The set, made anew")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except HFValidationError as error:
            raise SettingsError(f"{self.repo} is no name of a dataset: write USER/REPO.") from error
        except RemoteEntryNotFoundError as error:
            raise HubError(f"{self.address} is not as we left it: {_said(error)}") from error
        except HfHubHTTPError as error:
            raise HubError(self._sentence(error)) from error
        except RuntimeError as error:  # what huggingface_hub makes of whatever ends an upload of a large file
            raise HubError("A file could not be brought to the Hub: push again.") from error
        except (httpx2.HTTPError, OSError) as error:
            raise HubError(f"The Hub cannot be reached ({type(error).__name__}): try again later.") from error

    def _sentence(self, error: HfHubHTTPError) -> str:
        status = error.response.status_code
        told = {
            _UNAUTHORIZED: "The Hub does not accept HF_TOKEN: make another (huggingface.co/settings/tokens).",
            _FORBIDDEN: f"HF_TOKEN may not write to {self.repo}: give it the right to write there, or name a "
            "repository of your own.",
            _NOT_FOUND: f"There is no place for {self.repo} on the Hub: is the user or organisation right?",
            _CONFLICT: f"{self.repo} was changed meanwhile: push again.",
            _CHANGED: f"{self.repo} was changed meanwhile: push again.",
        }
        return told.get(status, f"The Hub answered {status} ({_said(error)}): try again later.")


def _said(error: HfHubHTTPError) -> str:
    return (error.server_message or type(error).__name__).strip()[:200]
