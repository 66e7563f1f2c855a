"""Reports on the command line: what they say, as tables, JSON, pages and charts."""

import sys
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from core.errors import SettingsError
from core.insight.drawing import ChartsMissingError
from core.messages import MessageRef, PlaceRef
from tests.contract.store_stories import (
    DISLIKE,
    LIKE,
    START,
    categorised,
    commented,
    corrected,
    replied,
    said,
    started,
    voted,
)
from tests.scenarios.test_keeping import filled, here, plaudit  # noqa: F401 - a fixture

DAY = 86_400
SINCE = ("--since", "2026-01-01")
MODELS = ("org/a", "org/b")


def story() -> None:
    """Twenty days of two models, of which people like the second better; and one bad answer."""
    records = [started("c1", place=PlaceRef("discord", "11", "22")), said("q1", content="How many r's in strawberry?")]
    for number in range(40):
        model, at, reply = MODELS[number % 2], number // 2 * DAY + 60, f"m{number}"
        begun, ended = str(START + timedelta(seconds=at - 3)), str(START + timedelta(seconds=at))
        times = {"started_at": begun, "first_token_at": begun, "ended_at": ended}
        records.append(replied(reply, at, model={"id": model, "metadata": {}}, **times))
        people = [f"slack:T1:U{person}" for person in range(6)]
        likes = number % 2 or number % 4 == 0
        records += [voted(reply, who, LIKE if likes else DISLIKE, at, metadata={"by_asker": True}) for who in people]
    shown = [MessageRef("discord", "11", "22", "33").key]
    records += [
        replied("bad", DAY, content="<b>Two</b>, of course.", question_id="q1", parts=shown, model={"id": "org/a"}),
        *(voted("bad", f"slack:T1:U{person}", DISLIKE, DAY + 5) for person in range(9)),
        categorised("bad", "slack:T1:U1", "wrong", DAY + 6),
        commented("bad", "slack:T1:U1", "Count again & again.", DAY + 6),
        corrected("bad", "slack:T1:U1", "Three.", DAY + 6),
    ]
    filled(*records)


def test_a_report_tells_how_sure_it_is_and_whether_people_agree() -> None:
    story()

    shown = plaudit("report", *SINCE)
    told = orjson.loads(plaudit("report", *SINCE, "--json"))

    assert (told["total_traces"], told["positive_count"], told["negative_count"]) == (41, 180, 69)
    assert told["by_people"]["people"] == 9
    assert told["by_people"]["interval"]["low"] < told["by_people"]["rate"] < told["by_people"]["interval"]["high"]
    assert told["by_askers"]["people"] == 6
    assert told["agreement"]["user_feedback"] == {"alpha": 1.0, "units": 41, "ratings": 249}
    assert told["response_times"]["replies"] == 40
    assert told["response_times"]["whole"] == {"median": 3.0, "p95": 3.0}
    assert "agreement (α)" in shown
    assert "until the whole answer" in shown
    assert "bystanders" in shown


def test_a_report_is_divided_by_several_things_at_once() -> None:
    story()

    told = orjson.loads(plaudit("report", *SINCE, "--by", "model", "--by", "day", "--json"))
    shown = plaudit("report", *SINCE, "--by", "day")

    assert told["org/b · 2026-01-20"]["positive_rate"] == 1
    assert len(told) == 41
    assert "2026-01-20" in shown


def test_a_channel_is_called_by_its_name_before_its_key_where_its_platform_tells_it(monkeypatch) -> None:
    async def told(_, places):
        return {each: "#databases" for each in places if each.platform == "discord"}

    story()
    monkeypatch.setattr("bots.speaking.channel_names", told)

    shown = plaudit("report", *SINCE, "--by", "channel", "--by", "model")
    numbers = orjson.loads(plaudit("report", *SINCE, "--by", "channel", "--json"))

    assert "#databases discord:11:22 · org/b" in " ".join(shown.replace("│", " ").split())
    assert list(numbers) == ["discord:11:22", "all"]


def test_two_models_are_compared_in_words() -> None:
    story()

    shown = plaudit("report", *SINCE, "--compare", *MODELS)
    told = orjson.loads(plaudit("report", *SINCE, "--compare", *MODELS, "--json"))
    nothing = orjson.loads(plaudit("report", "--compare", *MODELS, "--json"))

    assert "People like org/b better than org/a" in shown
    assert told["verdict"]["better"] == "second"
    assert told["probability_second_better"] > 0.99
    assert (nothing["verdict"]["better"], nothing["probability_second_better"]) == ("open", pytest.approx(0.5))


def test_the_worst_replies_come_with_their_reasons_and_a_link() -> None:
    story()

    shown = plaudit("report", *SINCE, "--worst", "2")
    first, second = orjson.loads(plaudit("report", *SINCE, "--worst", "2", "--json"))

    for words in ("How many r's", "of course", "wrong", "Count again", "Three.", "discord.com/channels/11/22/33"):
        assert words in shown
    assert (first["message_id"], first["negative"], first["categories"]) == ("bad", 9, ["wrong"])
    assert second["link"].startswith("slack:T1:C1:")
    assert "Nobody" in plaudit("report", "--worst", "2")


def test_where_nobody_said_anything_a_report_says_so() -> None:
    story()

    scores, reasons = (plaudit("report", "--by", each) for each in ("dimension", "category"))

    assert "Nobody scored a reply" in scores
    assert "Nobody gave a reason" in reasons


def test_a_page_needs_nothing_but_itself() -> None:
    story()

    plaudit("report", *SINCE, "--html", "report.html")

    page = Path("report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Two&lt;/b&gt;, of course." in page
    assert "Count again &amp; again." in page
    assert "until the whole answer" in page
    assert page.count("<svg") == 2
    assert "prefers-color-scheme: dark" in page
    assert not any(each in page for each in ("<script", "<link", "src=", "@import", "url("))


def test_charts_are_drawn_as_svg_and_png() -> None:
    story()

    plaudit("report", *SINCE, "--by", "model", "--chart", "days.svg")
    plaudit("report", *SINCE, "--chart", "days.png")

    assert "org/b" in Path("days.svg").read_text(encoding="utf-8")
    assert Path("days.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SettingsError, match=r"an \.svg or a \.png"):
        plaudit("report", "--chart", "days.gif")


def test_without_the_extra_the_page_has_no_chart_and_a_chart_says_what_to_install(monkeypatch) -> None:
    story()
    monkeypatch.setitem(sys.modules, "vl_convert", None)

    plaudit("report", *SINCE, "--html", "report.html")

    assert "<svg" not in Path("report.html").read_text(encoding="utf-8")
    with pytest.raises(ChartsMissingError, match=r"plaudit\[charts\]"):
        plaudit("report", *SINCE, "--chart", "days.svg")
