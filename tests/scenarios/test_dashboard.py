"""The dashboard in a browser: what it shows, what changes by itself, what a reviewer leaves, and what stays text."""

import shutil
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bots.web.pages import overview
from core.messages import PlaceRef
from core.store.web_keys import Scope
from tests.scenarios.dashboard_served import Served, served
from tests.scenarios.dashboard_story import MODELS, NOW, exchange, month, opinion, person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on PATH")
PAGES = ("", "/replies", "/replies/r5", "/review", "/compare", "/exports", "/health")
NARROW = ("", "/replies/r5", "/review")
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
PLACE = PlaceRef("slack", "T1", "C0HOSTILE")
HOSTILE = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "[press](javascript:document.title='owned')",
    "</textarea></title><svg onload=\"document.title='owned'\">",
    "{{ 7 * 7 }}{% raw %}",
    "![x](https://tracker.example.org/pixel.png)",
    '"><a href="data:text/html,<script>1</script>">x</a>',
)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard over a month of replies, and one that is hostile all over."""
    with served(f"sqlite:///{tmp_path_factory.mktemp('dashboard') / 'plaudit.db'}", NOW) as running:
        running.do(running.store.append(*month(160), *hostile()))
        yield running


def hostile() -> Iterator[Any]:
    at, words, who = NOW - timedelta(hours=3), "\n\n".join(HOSTILE), person(PLACE, 1)
    yield from exchange(9000, at, PLACE, '<b onmouseover="x()">model</b>', (words, words))
    yield opinion(9000, who, ("user_feedback", False), at, PLACE, rationale=words)
    yield opinion(9000, who, ("user_comment", words), at, PLACE, origin="m1")
    yield opinion(9000, who, ("user_category", HOSTILE[0]), at, PLACE, origin="m2")
    yield opinion(9000, who, ("expected_response", words), at, PLACE, origin="m3")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not complain."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1180, "height": 900})
    context.set_default_timeout(10_000)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


@in_browser
@pytest.mark.parametrize(("scheme", "width", "pages"), [("light", 1180, PAGES), ("dark", 390, NARROW)])
def test_no_page_has_a_serious_fault_for_those_who_cannot_see_or_point(
    dashboard: Served, browser: Browser, scheme: Any, width: int, pages: tuple[str, ...]
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    opened = context.new_page()
    faults = []

    for each in pages:
        opened.goto(f"{dashboard.url}/dashboard{each}")
        opened.locator("footer").wait_for()
        found = Axe().run(opened, options=AXE).response["violations"]
        serious = [fault for fault in found if fault["impact"] in {"serious", "critical"}]
        faults += [(each, fault["id"], [node["target"] for node in fault["nodes"]]) for fault in serious]
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{each} is too wide"
    context.close()

    assert faults == []


@in_browser
def test_the_overview_tells_how_it_goes_and_narrows_down(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard")

    expect(page.locator(".numbers dd strong").nth(2)).to_have_text("161")
    page.get_by_role("link", name=MODELS[1]).click()
    expect(page.locator("select[name=model]")).to_have_value(MODELS[1])
    expect(page.locator(".parts tbody tr")).to_have_count(1)
    page.locator("input[value=channel]").check(force=True)
    expect(page.locator("#parts-title")).to_have_text("By channel")
    assert "by=channel" in page.url
    assert "model=" in page.url


@in_browser
def test_figures_that_are_not_counted_yet_are_fetched_by_the_page(
    dashboard: Served, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "PATIENCE", 0.0)

    with urllib.request.urlopen(f"{dashboard.url}/dashboard?days=90&platform=slack") as answer:
        first = answer.read().decode()
    page.goto(f"{dashboard.url}/dashboard?days=90")

    assert "Counting what people said" in first
    assert "data-pending" in first
    expect(page.locator(".numbers dd strong").nth(2)).to_have_text("161")


@in_browser
def test_without_scripts_pages_work_by_links_and_forms(dashboard: Served, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()

    opened.goto(f"{dashboard.url}/dashboard")
    opened.locator("select[name=model]").select_option(MODELS[0])
    opened.get_by_role("button", name="Show").click()

    expect(opened.locator(".parts tbody tr")).to_have_count(1)
    context.close()


@in_browser
def test_a_chart_is_read_by_pointer_by_keys_and_as_a_table(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard")
    chart = page.locator("figure.chart").first

    chart.locator(".hit").nth(3).hover()
    expect(chart.locator(".tip")).to_contain_text("people")
    chart.locator(".plot").focus()
    page.keyboard.press("End")
    last = chart.locator(".tip").inner_text()
    page.keyboard.press("ArrowLeft")
    expect(chart.locator(".tip")).not_to_have_text(last)
    chart.locator("summary").click()
    expect(chart.locator("tbody tr").first).to_be_visible()
    assert chart.locator("tbody th").first.inner_text() == last.split(":")[0]


@in_browser
def test_a_vote_reaches_the_open_page_by_itself(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard?channel=slack:T1:C0HOSTILE")
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator(".numbers .against")).to_have_text("−1")

    vote = opinion(9000, person(PLACE, 2), ("user_feedback", False), NOW, PLACE)
    dashboard.do(dashboard.store.append(vote))

    expect(page.locator(".numbers .against")).to_have_text("−2")


@in_browser
def test_replies_are_searched_sorted_and_opened(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard/replies")

    page.get_by_label("Search").fill("MIDDLEMARCH")
    page.get_by_label("Search").press("Enter")
    expect(page.locator(".replies h2").first).to_have_text("Who wrote Middlemarch?")
    page.get_by_label("Sorted by").select_option("votes")
    page.wait_for_url("**order=votes**")
    expect(page.locator(".replies .votes").first).to_be_visible()
    page.locator(".replies h2 a").first.click()
    expect(page.locator(".message.open .words")).to_contain_text("George Eliot")
    expect(page.get_by_role("link", name="tr-")).to_have_attribute("href", "https://traces.example.org/" + _trace(page))
    page.get_by_text("How that came to be").click()
    expect(page.locator(".history li").first).to_contain_text("vote")


def _trace(page: Page) -> str:
    return page.locator(".facts a", has_text="tr-").inner_text()


@in_browser
def test_a_review_is_kept_under_the_reviewers_key_and_the_queue_goes_on(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard/review")
    first = page.locator("form.review").get_attribute("action") or ""
    reply_id = first.rsplit("/", 1)[1]

    page.locator(".choices input[value=wrong]").check(force=True)
    page.locator("input[name=score-accuracy][value='2']").check(force=True)
    page.get_by_label("The better answer").fill("There are three.")
    page.get_by_role("button", name="Keep and go on").click()
    expect(page.get_by_role("status")).to_contain_text("Kept.")

    assert page.locator("form.review").get_attribute("action") != first
    said = dashboard.do(dashboard.store.assessments(reply_id))
    mine = {each.name: (each.value, each.metadata["segment"]) for each in said if each.source.id == "web:keys:local"}
    assert mine == {
        "user_category": ("wrong", "reviewer"),
        "user_accuracy": (2, "reviewer"),
        "expected_response": ("There are three.", "reviewer"),
    }

    page.goto(f"{dashboard.url}{first}")
    page.locator(".choices input[value=wrong]").uncheck(force=True)
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status")).to_contain_text("Kept.")
    said = dashboard.do(dashboard.store.assessments(reply_id))
    assert {each.name for each in said if each.source.id == "web:keys:local"} == {"user_accuracy", "expected_response"}


@in_browser
def test_an_empty_review_is_refused_with_a_sentence(dashboard: Served, page: Page) -> None:
    page.goto(f"{dashboard.url}/dashboard/review/r5")

    # The browser tells of the answer's status by itself.
    page.route("**/review/r5", lambda route: route.fulfill(response=route.fetch(), status=200))
    page.get_by_role("button", name="Keep and go on").click()

    expect(page.get_by_role("alert")).to_contain_text("choose a reason")


@in_browser
@pytest.mark.parametrize(
    "address", ["/replies/r9000", "/review/r9000", "/replies?q=owned", "?by=model", "/compare", "/health"]
)
def test_what_people_and_models_wrote_stays_text(dashboard: Served, page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{dashboard.url}/dashboard{address}")
    expect(page.locator("#state")).to_have_text("Live")
    for each in page.locator("details > summary").all():
        each.click()

    assert "owned" not in page.title()
    assert [each for each in asked if not each.startswith(dashboard.url)] == []
    assert page.locator("main script, main img, main [onerror], main [onload], main [onmouseover]").count() == 0
    links = page.locator("a").evaluate_all("each => each.map(a => a.protocol)")
    assert set(links) <= {"http:", "https:"}


@pytest.mark.long
def test_the_report_is_passed_on_as_a_file(dashboard: Served) -> None:
    with urllib.request.urlopen(f"{dashboard.url}/dashboard/files/report.html?days=7") as answer:
        page, headers = answer.read().decode(), answer.headers
    with pytest.raises(HTTPError) as unknown:
        urllib.request.urlopen(f"{dashboard.url}/dashboard/files/passwd")

    assert "<h1>Replies of the last 7 days</h1>" in page
    assert headers["Content-Disposition"] == 'attachment; filename="plaudit-2026-06-30-report.html"'
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert unknown.value.code == 404
    unknown.value.close()


def test_what_cannot_be_drawn_is_told_in_a_sentence(dashboard: Served) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{dashboard.url}/dashboard/files/chart.svg?days=7")

    told = refused.value.read().decode()

    assert refused.value.code == 503
    assert "There is nothing to draw: nobody voted in that time." in told
    refused.value.close()


def test_pages_are_light_need_no_other_site_and_run_no_scripts_in_them(dashboard: Served) -> None:
    weight = 0

    for each in ("", "/static/dashboard.css", "/static/dashboard.js", "/static/mark.svg"):
        with urllib.request.urlopen(f"{dashboard.url}/dashboard{each}") as answer:
            body = answer.read()
            weight += len(body)
            policy = answer.headers["Content-Security-Policy"]
            assert b" style=" not in body
            assert b"//cdn" not in body
            assert "unsafe-inline" not in policy
            assert "default-src 'none'" in policy

    assert weight < 300_000


def test_without_a_key_only_this_machine_may_look_and_reviews_need_their_own_scope(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with served(f"sqlite:///{tmp_path_factory.mktemp('keys') / 'plaudit.db'}", NOW, is_loopback=False) as running:
        running.do(running.store.append(*month(3)))
        reading = running.do(running.store.web_keys().add("reader", [Scope.READ]))
        asked = urllib.request.Request(
            f"{running.url}/dashboard/review/r1", headers={"Authorization": f"Bearer {reading}"}
        )
        kept = urllib.request.Request(asked.full_url, data=b"comment=x", headers=dict(asked.header_items()))

        with urllib.request.urlopen(asked) as answer:
            shown = answer.read().decode()
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(kept)
        with pytest.raises(HTTPError) as unknown:
            urllib.request.urlopen(f"{running.url}/dashboard/health")

        assert "scope <code>review</code>" in shown
        assert "Keep and go on" not in shown
        assert (refused.value.code, unknown.value.code) == (403, 401)
        refused.value.close()
        unknown.value.close()
