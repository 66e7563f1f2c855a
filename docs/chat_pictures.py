"""Takes the pictures of the chat to try in docs/pictures anew: `python docs/chat_pictures.py`, with a Chromium.

A newcomer's story, played in the page itself over the platforms' wires to the real bot.
"""

import asyncio
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.async_api import Page, async_playwright, expect

from bots.demo.bot import bot_in
from bots.demo.chat.service import ChatPage
from bots.pocket.model import Model
from bots.pocket.model_script import Script
from bots.pocket.server import Pocket

HERE: Final = Path(__file__).parent
_WIDE: Final = {"width": 1440, "height": 900}
_PHONE: Final = {"width": 390, "height": 844}


async def main(to: Path) -> None:
    """Take them."""
    page = ChatPage()
    model = Model(Script(tokens_per_second=400, first_token_after=0.02))
    with TemporaryDirectory() as directory:
        async with Pocket(model=model, services=[page]) as pocket:
            for platform in ("slack", "discord"):
                for room in ("general", "random"):
                    pocket.room(room, on=platform)
            for name in ("Ada", "Ben", "Chloe", "You"):
                pocket.person(name)
            async with bot_in(Path(directory), pocket, "slack", "discord") as store, page.showing(pocket, store):
                await _pictures(pocket.origin, to)


async def _pictures(origin: str, to: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shown = await browser.new_page(viewport=_WIDE, color_scheme="light")
        await shown.goto(origin)
        await _on_slack(shown)
        await shown.screenshot(path=to / "chat.png")
        await _on_discord(shown)
        await shown.emulate_media(color_scheme="dark")
        await shown.screenshot(path=to / "chat-discord.png")
        phone = await browser.new_page(viewport=_PHONE, color_scheme="dark")
        await phone.goto(origin)
        await phone.get_by_role("button", name="replies").last.click()
        await expect(phone.locator("#replies .message")).not_to_have_count(0)
        await phone.mouse.move(200, 700)
        await phone.screenshot(path=to / "chat-phone.png")
        await browser.close()


async def _on_slack(page: Page) -> None:
    answers = page.locator("#replies .message")
    await _play(page, "Chloe")
    await _ask(page, "@plaudit what is SQLite's WAL?")
    await expect(answers.nth(1).locator(".press")).not_to_have_count(0, timeout=15_000)
    await answers.nth(1).locator(".press", has_text="👍").click()
    await expect(answers.filter(has_text="Noted")).to_have_count(1)
    await _play(page, "Ada")
    await page.get_by_role("button", name="Close the thread").click()
    await _ask(page, "@plaudit how many r's are there in strawberry?")
    reply = answers.nth(1)
    await expect(reply.locator(".press")).not_to_have_count(0, timeout=15_000)
    await _play(page, "Ben")
    await reply.hover()
    await reply.get_by_role("button", name="Made up").click()
    await _play(page, "Ada")
    await reply.locator(".press", has_text="👎").click()
    await expect(answers.filter(has_text="Noted")).to_have_count(1)
    await _play(page, "Ben")
    await page.get_by_label("Reply in the thread").fill("better: There are three r's in strawberry.")
    await page.get_by_role("button", name="Reply", exact=True).click()
    await expect(page.locator("#records")).to_contain_text("log_expectation")
    await expect(answers.last).to_contain_text("✏️")
    await _play(page, "Ada")
    await expect(answers.filter(has_text="Noted")).to_have_count(1)
    await page.mouse.move(700, 500)


async def _on_discord(page: Page) -> None:
    await page.get_by_role("tab", name="Discord").click()
    answers = page.locator("#messages .message")
    await _ask(page, "@plaudit show me SQLite's WAL in code")
    await expect(answers.nth(1).locator(".press")).not_to_have_count(0, timeout=15_000)
    await _play(page, "Chloe")
    await answers.nth(1).hover()
    await answers.nth(1).get_by_role("button", name="Five of five").click()
    await expect(page.locator("#records")).to_contain_text("user_rating")
    await page.mouse.move(700, 20)


async def _play(page: Page, name: str) -> None:
    person = page.get_by_role("radio", name=name)
    await person.click()
    await expect(person).to_be_checked()


async def _ask(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_role("button", name="Send").click()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures"))
