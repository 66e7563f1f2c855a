"""A newcomer before the chat to try, in a real browser: over Slack's wire and over Discord's."""

import shutil

import aiohttp
import pytest

pytest.importorskip("playwright.async_api")
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect

from bots.demo.bot import bot_in
from bots.demo.chat.service import ChatPage
from bots.pocket.model import Model
from bots.pocket.model_answers import Answer
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine: apt install chromium")
HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\"> <script>document.title='taken'</script> [x](javascript:alert(1))"
)


@pytest.fixture
async def house(tmp_path):
    page = ChatPage()
    async with Pocket(model=Model(Script(tokens_per_second=400, first_token_after=0.02)), services=[page]) as pocket:
        for platform in ("slack", "discord"):
            pocket.room("general", on=platform)
        for name in ("Ada", "Ben", "You"):
            pocket.person(name)
        async with bot_in(tmp_path, pocket, "slack", "discord") as store, page.showing(pocket, store):
            yield pocket, store


@pytest.fixture
async def browser():
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


async def ask(page, text):
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_role("button", name="Send").click()


async def test_a_newcomer_asks_votes_comments_and_corrects_on_slack(house, browser):
    pocket, store = house
    page = await browser.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    await page.goto(pocket.origin)

    await ask(page, "@plaudit what is SQLite's WAL?")
    answer = page.locator("#replies .message").filter(has_text="write-ahead")
    await expect(answer).to_have_count(1, timeout=15_000)
    await answer.locator(".press", has_text="👍").click()
    await expect(page.locator("#replies .alone")).to_contain_text("Noted: 👍", timeout=10_000)
    await page.get_by_label("Reply in the thread").fill("better: shorter, please")
    await page.get_by_role("button", name="Reply", exact=True).click()
    await expect(page.locator("#records")).to_contain_text("log_expectation", timeout=10_000)
    await expect(page.locator("#report")).to_contain_text("100%", timeout=10_000)
    await answer.hover()
    await answer.get_by_role("button", name="Rate this reply").click()
    await page.locator("#dialog select").first.select_option("4")
    await page.locator("#send-form").click()
    await expect(page.locator("#records")).to_contain_text("user_accuracy", timeout=10_000)
    found = await Axe().run(page)

    types = [each.type async for each in store.records()]
    assert {"add_message", "log_feedback", "log_expectation"} <= set(types)
    assert [each["id"] for each in found.response["violations"] if each["impact"] in ("serious", "critical")] == []
    assert faults == []


async def test_replies_and_reactions_on_discord_by_several_people(house, browser):
    pocket, store = house
    page = await browser.new_page()
    await page.goto(pocket.origin)
    await page.get_by_role("tab", name="Discord").click()

    await page.locator("#welcome").get_by_role("button", name="how many r's are there in strawberry?").click()
    answer = page.locator("#messages .message").filter(has_text="two")
    await expect(answer.locator(".press", has_text="👎")).to_be_attached(timeout=15_000)
    await expect(page.locator("#welcome")).to_be_hidden()
    await page.get_by_role("radio", name="Ben").click()
    await answer.hover()
    await answer.get_by_role("button", name="No good (👎)").click()
    await expect(page.locator("#records")).to_contain_text("user_feedback", timeout=10_000)
    await answer.hover()
    await answer.get_by_role("button", name="Reply", exact=True).click()
    await page.get_by_label("ping").uncheck()
    await ask(page, "I count three.")
    await expect(page.locator("#records")).to_contain_text("I count three.", timeout=10_000)
    await expect(page.locator("#report")).to_contain_text("0%", timeout=10_000)

    names = [each.data.get("name") async for each in store.records()]
    assert {"user_feedback", "user_comment"} <= set(names)


async def test_what_people_and_the_model_write_is_never_run(house, browser):
    pocket, _ = house
    pocket.model.answers = lambda _: Answer(HOSTILE, tokens_per_second=None)
    page = await browser.new_page()
    await page.goto(pocket.origin)

    await ask(page, f"@plaudit {HOSTILE}")
    await expect(page.locator("#replies .message")).to_have_count(2, timeout=15_000)

    assert await page.title() == "Plaudit: a chat to try"
    assert await page.locator(".said img, .said script, .said a[href^=javascript]").count() == 0


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Host": "evil.example"}, "{}", 403),
        ({"Origin": "http://evil.example"}, "{}", 403),
        ({}, "not json", 400),
        ({}, '{"do": "say", "person": "1"}', 400),
        ({}, '{"do": "fly"}', 400),
        ({}, "[]", 400),
    ],
)
async def test_what_does_not_come_from_the_page_is_refused(house, headers, body, status):
    pocket, _ = house
    url = f"{pocket.origin}/chat/do"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == status
