"""Takes the pictures of the dashboard and of the chart in docs/pictures anew: `python docs/dashboard_pictures.py`.

They show the month that the tests tell, as the real pages show it. A Chromium is needed.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bots.commands.pages import chart  # noqa: E402 - found from here only
from core.insight.window import Window  # noqa: E402 - the same
from tests.scenarios.dashboard_served import served  # noqa: E402 - the same
from tests.scenarios.dashboard_story import NOW, month  # noqa: E402 - the same

_PICTURES: Final[tuple[tuple[str, str, Any, tuple[int, int]], ...]] = (
    ("dashboard", "", "light", (1080, 1120)),
    ("dashboard-review", "/review", "dark", (1080, 760)),
    ("dashboard-phone", "", "light", (390, 844)),
)


def main() -> None:
    """Take them."""
    with (
        tempfile.TemporaryDirectory() as directory,
        served(f"sqlite:///{directory}/plaudit.db", NOW) as running,
        sync_playwright() as playwright,
    ):
        running.do(running.store.append(*month()))
        window = Window.of(now=NOW, hours=30 * 24, since=None, until=None)
        (HERE / "pictures" / "chart.png").write_bytes(running.do(chart(running.store, window, (), ".png")))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, address, scheme, (width, height) in _PICTURES:
            size: Any = {"width": width, "height": height}
            page = browser.new_context(color_scheme=scheme, viewport=size).new_page()
            page.goto(f"{running.url}/dashboard{address}")
            page.locator("#state").wait_for(state="visible")
            page.screenshot(path=HERE / "pictures" / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
