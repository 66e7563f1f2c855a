"""The files for running it elsewhere name only what there is: settings, metrics, commands."""

import json
import re
from pathlib import Path

import yaml

from bots.chosen import policies_from
from bots.health import State, exposition
from core.settings import Settings, setting_names
from core.watching import Counted

ROOT = Path(__file__).parents[2]


def known(text):
    return {each for each in re.findall(r"\b(?:PLAUDIT|SLACK|DISCORD)_[A-Z_]+", text) if not each.endswith("_")}


def test_the_image_and_compose_set_only_settings_that_exist():
    texts = [(ROOT / each).read_text() for each in ("Dockerfile", "compose.yaml", "deploy/plaudit.service")]

    assert {each for text in texts for each in known(text)} <= set(setting_names().values())


def test_the_image_starts_with_an_empty_volume_and_is_asked_for_its_health_where_it_tells_it(tmp_path, monkeypatch):
    dockerfile = (ROOT / "Dockerfile").read_text()
    monkeypatch.chdir(tmp_path)
    for name, value in re.findall(r"(PLAUDIT_\w+)=(\S+)", dockerfile):
        monkeypatch.setenv(name, value)

    settings = Settings.load()

    policies_from(settings)
    assert f"http://127.0.0.1:{settings.health_port}/healthz" in dockerfile


def test_the_image_takes_only_files_that_it_is_given():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    given = (ROOT / ".dockerignore").read_text().splitlines()

    assert {f"!{name}" for each in copied for name in each.split()} <= set(given)
    assert all((ROOT / name).exists() for each in copied for name in each.split())


def test_what_compose_starts_waits_for_the_database_and_its_tables():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    assert services["upgrade"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["bot"]["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"
    assert services["bot"]["cap_drop"] == ["ALL"]


def test_the_dashboard_asks_only_for_metrics_that_are_told():
    dashboard = json.loads((ROOT / "deploy/grafana.json").read_text())
    counted = Counted()
    told = set(re.findall(r"^# TYPE (\S+)", exposition(counted, State({"slack": True}, None, 0.1), 0), re.MULTILINE))

    asked = {each for panel in dashboard["panels"] for target in panel["targets"] for each in _metrics(target["expr"])}
    only_when_it_answers = {"plaudit_database_bytes", "plaudit_waiting_questions", "plaudit_log_seq"}
    assert asked - told - only_when_it_answers == set()
    assert len(asked) > 10


def _metrics(expression):
    return {re.sub("_bucket$", "", each) for each in re.findall(r"plaudit_\w+", expression)}
