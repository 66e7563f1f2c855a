"""Every setting, written once: name, default, bounds and meaning. `.env.example` and the docs are printed from it."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError

PREFIX = "PLAUDIT_"
_ONE_OF: Final = re.compile(r"\^\(([a-z|]+)\)\$")
"""A pattern that is a choice of words."""


def _named(name: str) -> AliasChoices:
    return AliasChoices(name)


def _with_trace_id(url: str) -> str:
    """Raises ValueError for what is no such URL."""
    if url and not (url.startswith(("https://", "http://")) and "{trace_id}" in url):
        raise ValueError("it is a URL with {trace_id} in it, such as https://traces.example.org/{trace_id}")
    return url


class Settings(BaseSettings):
    """What the operator can choose, read from the environment and from `.env`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    model_endpoint: Annotated[
        str,
        Field(
            validation_alias=_named("MODEL_ENDPOINT"),
            description="The language model: an id on the Hugging Face Hub, or the base URL of an OpenAI-compatible "
            "server (TGI, vLLM, llama.cpp, Ollama, …).",
        ),
    ] = "HuggingFaceTB/SmolLM3-3B"
    model_name: Annotated[
        str,
        Field(
            validation_alias=_named("MODEL_NAME"),
            description="The `model` to ask a server for, where it holds several (Ollama, vLLM); empty: the server's "
            "own choice.",
        ),
    ] = ""
    hf_token: Annotated[
        SecretStr | None,
        Field(
            validation_alias=_named("HF_TOKEN"),
            description="The token for the Hub's inference providers, or the key of your own server.",
        ),
    ] = None

    evaluation_token: Annotated[
        SecretStr | None,
        Field(
            description="The key of the endpoint that `plaudit evaluate --endpoint` names. HF_TOKEN is sent to the "
            "Hub and to MODEL_ENDPOINT only."
        ),
    ] = None
    judge_token: Annotated[
        SecretStr | None,
        Field(description="The same for the judge's, `--judge-endpoint`."),
    ] = None

    slack_bot_token: Annotated[
        SecretStr | None,
        Field(validation_alias=_named("SLACK_BOT_TOKEN"), description="Slack's bot token (xoxb-…)."),
    ] = None
    slack_app_token: Annotated[
        SecretStr | None,
        Field(
            validation_alias=_named("SLACK_APP_TOKEN"),
            description="Slack's app-level token for Socket Mode (xapp-…, scope connections:write).",
        ),
    ] = None
    slack_signing_secret: Annotated[
        SecretStr | None,
        Field(
            validation_alias=_named("SLACK_SIGNING_SECRET"),
            description="For Slack over HTTP in place of Socket Mode (`plaudit run slack web`): the app's signing "
            "secret. SLACK_APP_TOKEN must not be set then.",
        ),
    ] = None
    slack_client_id: Annotated[
        str,
        Field(
            validation_alias=_named("SLACK_CLIENT_ID"),
            description="For several workspaces over HTTP: the app's client id. People then install it at "
            "/slack/install, and SLACK_BOT_TOKEN is not needed.",
        ),
    ] = ""
    slack_client_secret: Annotated[
        SecretStr | None,
        Field(validation_alias=_named("SLACK_CLIENT_SECRET"), description="The app's client secret, for the same."),
    ] = None
    slack_api_url: Annotated[
        str,
        Field(validation_alias=_named("SLACK_API_URL"), description="Slack's Web API; another address for trials."),
    ] = "https://slack.com/api/"

    discord_token: Annotated[
        SecretStr | None,
        Field(validation_alias=_named("DISCORD_TOKEN"), description="Discord's bot token."),
    ] = None
    discord_api_url: Annotated[
        str,
        Field(validation_alias=_named("DISCORD_API_URL"), description="Discord's REST API; another one for trials."),
    ] = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[
        str,
        Field(validation_alias=_named("DISCORD_GATEWAY_URL"), description="Discord's gateway; another one for trials."),
    ] = "wss://gateway.discord.gg/"

    discord_calls_per_second: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Discord's limit over all calls of a bot; it raises it for large bots on request.",
        ),
    ] = 50

    mlflow_tracking_uri: Annotated[
        str,
        Field(
            validation_alias=_named("MLFLOW_TRACKING_URI"),
            description="The MLflow 3 server that `plaudit mlflow sync` and [mlflow] in plaudit.toml send to: "
            "http://HOST:5000.",
        ),
    ] = ""
    mlflow_experiment_name: Annotated[
        str,
        Field(
            min_length=1,
            validation_alias=_named("MLFLOW_EXPERIMENT_NAME"),
            description="The experiment in MLflow that replies are put into; it is made where there is none.",
        ),
    ] = "Plaudit"
    mlflow_tracking_token: Annotated[
        SecretStr | None,
        Field(validation_alias=_named("MLFLOW_TRACKING_TOKEN"), description="A bearer token, if MLflow wants one."),
    ] = None
    mlflow_tracking_username: Annotated[
        str,
        Field(validation_alias=_named("MLFLOW_TRACKING_USERNAME"), description="Or a name and a password for MLflow."),
    ] = ""
    mlflow_tracking_password: Annotated[
        SecretStr | None,
        Field(validation_alias=_named("MLFLOW_TRACKING_PASSWORD"), description="The password."),
    ] = None

    web_host: Annotated[
        str,
        Field(
            min_length=1,
            description="Where the web interface listens (`plaudit run web`). 0.0.0.0, or another address that others "
            "reach, needs a key first: `plaudit keys add`.",
        ),
    ] = "127.0.0.1"
    web_port: Annotated[
        int, Field(ge=0, le=65_535, description="Its port. 0: any that is free; the log says which.")
    ] = 8800
    web_requests_per_minute: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many requests one key, or one address without a key, may make."),
    ] = 600

    database_url: Annotated[
        str,
        Field(description="Where the log is kept: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME."),
    ] = "sqlite:///plaudit.db"
    environment: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
            description="dev, staging, prod, …: part of every record's topic, so that trials and real use stay apart.",
        ),
    ] = "dev"
    config: Annotated[
        str,
        Field(
            description="The file that says what reactions mean, who is heard and what is offered, where "
            "(`plaudit config example`). A named file must be there; without plaudit.toml its defaults hold."
        ),
    ] = "plaudit.toml"
    pseudonym_key: Annotated[
        SecretStr | None,
        Field(
            min_length=16,
            description="What the names of people in reports and exports (person-…) are made with; empty: a key that "
            "the database keeps. The same key gives the same names in several databases.",
        ),
    ] = None
    secret_key: Annotated[
        SecretStr | None,
        Field(
            description="What the tokens of Slack's workspaces are encrypted with: a Fernet key (32 bytes in URL-safe "
            "base64), or several with commas between, the newest first. Needs the extra `oauth`."
        ),
    ] = None
    retention_days: Annotated[
        float,
        Field(
            ge=0,
            le=100_000,
            description="After so many days the words of questions, answers, comments, reasons and corrections are "
            "taken out of the log and the tables for good; the numbers stay. 0: they are kept for ever.",
        ),
    ] = 0
    acknowledged_terms: Annotated[
        str,
        Field(
            description="The platforms, comma-separated (slack,discord), whose terms on training models you have read "
            "and may train under; without it `plaudit export` gives no rows for training from them."
        ),
    ] = ""
    feedback: Annotated[
        bool,
        Field(description="Keep what people think of the replies. Off: the assistant answers, votes are not kept."),
    ] = True

    system_prompt: Annotated[str, Field(description="What the model is told before every conversation.")] = (
        "You are a helpful assistant in a team chat. Answer in Markdown, briefly and to the point."
    )
    history_messages: Annotated[
        int, Field(ge=1, le=1000, description="How many of the newest messages the model reads.")
    ] = 50
    history_characters: Annotated[
        int, Field(ge=500, le=2_000_000, description="How many characters of them it reads at most.")
    ] = 24_000
    idle_minutes: Annotated[
        float, Field(gt=0, description="After so many minutes without a message a conversation ends.")
    ] = 12 * 60

    max_tokens: Annotated[int | None, Field(ge=1, description="The longest answer, in tokens.")] = 2048
    temperature: Annotated[
        float | None, Field(ge=0, le=5, description="Sampling temperature; empty: the model's own.")
    ] = None
    top_p: Annotated[float | None, Field(gt=0, le=1, description="Nucleus sampling; empty: the model's own.")] = None
    seed: Annotated[int | None, Field(description="A seed for models that take one.")] = None
    model_timeout: Annotated[
        float, Field(gt=0, le=3600, description="The longest pause between two pieces of an answer, in seconds.")
    ] = 60

    attachment_bytes: Annotated[
        int,
        Field(
            ge=0,
            le=20_000_000,
            description="The largest text file beside a question that the model reads, in bytes. Of what it reads "
            "(PLAUDIT_HISTORY_CHARACTERS) files may fill half. 0: no file is read, pictures neither.",
        ),
    ] = 200_000
    images: Annotated[bool, Field(description="The model sees: pictures beside a question are given to it.")] = False
    image_bytes: Annotated[
        int, Field(ge=1, le=10_000_000, description="The largest picture that is given to it, in bytes.")
    ] = 5_000_000
    keep_attachments: Annotated[
        bool,
        Field(
            description="Keep the text of files that were read in the log, with the question. Off: only their names "
            "are kept. Pictures are never kept."
        ),
    ] = False

    reply_characters: Annotated[
        int, Field(ge=1_000, le=2_000_000, description="The longest reply that is shown, in characters; more is cut.")
    ] = 100_000
    live_replies: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="How many replies may be in the making or waiting in one process; who asks for more is told to "
            "come back in a minute.",
        ),
    ] = 1_000
    final_reserve: Annotated[
        int,
        Field(
            ge=0,
            le=20,
            description="Calls per window and rate bucket that are kept back so that final texts need not wait.",
        ),
    ] = 1
    thinking: Annotated[
        str,
        Field(
            pattern="^(hide|fold)$",
            description="What a model thinks aloud (`<think>`, reasoning_content): hide it, or fold it into a line "
            "below the reply. It is never a part of the reply.",
        ),
    ] = "hide"
    slack_streaming: Annotated[
        bool,
        Field(description="Use Slack's native streaming in threads; off: replies grow by edits everywhere."),
    ] = True

    health_host: Annotated[
        str,
        Field(description="Where /healthz, /readyz and /metrics are served; 0.0.0.0 lets others on the network in."),
    ] = "127.0.0.1"
    health_port: Annotated[
        int, Field(ge=0, le=65535, description="The port of /healthz, /readyz and /metrics; 0: they are not served.")
    ] = 0
    traces_to: Annotated[
        str,
        Field(
            validation_alias=_named("OTEL_EXPORTER_OTLP_ENDPOINT"),
            description="Where a span for each reply goes, by OpenTelemetry's protocol over HTTP (GenAI conventions, "
            "no texts): http://HOST:4318. Needs the extra `tracing`; empty: nowhere.",
        ),
    ] = ""
    trace_url: Annotated[
        str,
        AfterValidator(_with_trace_id),
        Field(description="Where the dashboard's trace links lead: https://HOST/…/{trace_id}; empty: there are none."),
    ] = ""
    grace_seconds: Annotated[
        float, Field(ge=0, le=3600, description="How long replies in flight may still run when the bot is stopped.")
    ] = 10
    log_format: Annotated[
        str, Field(pattern="^(text|json)$", description="How log lines are written: text or json.")
    ] = "text"
    log_level: Annotated[
        str, Field(pattern="^(debug|info|warning|error)$", description="The least important line that is written.")
    ] = "info"

    @property
    def model_parameters(self) -> dict[str, Any]:
        """The parameters of generation that are set, by the names of the chat completion API."""
        chosen = {
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
        }
        return {name: value for name, value in chosen.items() if value is not None}

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ, **chosen: Any) -> Self:
        """Read them all.

        Raises:
            SettingsError: one is misspelt or out of bounds, or .env cannot be read; the message says what to do.
        """
        try:
            _refuse_unknown(environ)
            return cls(**chosen)
        except UnicodeDecodeError as error:
            raise SettingsError(".env is not UTF-8: save it as UTF-8, without special characters.") from error
        except OSError as error:
            raise SettingsError(f".env cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            lines = [f"{_name_in_error(each['loc'])}: {_complaint(each)}" for each in error.errors()]
            raise SettingsError(
                "Please correct these settings in the environment or in .env: " + "; ".join(lines)
            ) from error


def setting_names() -> dict[str, str]:
    """Every field of `Settings` and the environment variable that sets it."""
    names = {}
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias
        names[field] = str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"{PREFIX}{field.upper()}"
    return names


def env_example() -> str:
    """The text of `.env.example`: every setting with its meaning and default, commented out."""
    lines = ["# Plaudit's settings. Copy this file to .env and take away the # where you choose something else.", ""]
    for field, name in setting_names().items():
        info = Settings.model_fields[field]
        default = "" if info.default is None else info.default
        lines += [f"# {info.description}", f"#{name}={default}", ""]
    return "\n".join(lines)


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    # pydantic-settings notices a misspelt name in .env at best, and never in the environment.
    known = set(setting_names().values())
    given = {name.upper() for name in (*environ, *_names_in_env_file())}
    unknown = sorted(name for name in given if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(
            f"There is no setting called {', '.join(unknown)}{_did_you_mean(unknown[0], known)} "
            "All of them are listed by `plaudit settings`."
        )


def _names_in_env_file() -> Iterator[str]:
    try:
        with open(".env", encoding="utf-8") as file:  # noqa: PTH123 - the very file pydantic-settings reads
            for line in file:
                name, equals, _ = line.strip().removeprefix("export ").partition("=")
                if equals and not name.startswith("#"):
                    yield name.strip()
    except OSError:
        return


def _did_you_mean(name: str, known: set[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only needed when something is wrong

    # What nearly all of them begin with makes any two alike.
    bare = {each.removeprefix(PREFIX): each for each in known}
    close = get_close_matches(name.removeprefix(PREFIX), bare, n=1)
    return f"; did you mean {bare[close[0]]}?" if close else "."


def _complaint(error: ErrorDetails) -> str:
    """What pydantic has against a value; where it is one of a few words, these."""
    words = _ONE_OF.fullmatch(str(error.get("ctx", {}).get("pattern")))
    return f"it is {words[1].replace('|', ' or ')}" if words else error["msg"].lower()


def _name_in_error(location: tuple[int | str, ...]) -> str:
    first = str(location[0]) if location else ""
    return setting_names().get(first, first)
