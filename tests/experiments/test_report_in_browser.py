"""The page of a run in a real browser: it fits, nothing is refused, letters can be read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from headless import CHROMIUM, Browser
from test_report_command import REDIS

from experiments.commands.cli import main

pytestmark = [
    pytest.mark.full,
    pytest.mark.processes,
    pytest.mark.figures,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

_OVERFLOWS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_GROUND = "getComputedStyle(document.body).backgroundColor"
_LETTERS = "getComputedStyle(document.querySelector('svg')).fill"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a sweep with a long name and a wide table."""
    made = tmp_path_factory.mktemp("browser")
    text = REDIS.replace("name: small", f"name: {'unbroken' * 7}")
    (made / "a.yaml").write_text(text)
    out = str(made / "out")
    CliRunner().invoke(main, ["run", str(made / "a.yaml"), "--out", out, "--figures", "none"])
    assert CliRunner().invoke(main, ["report", out]).exit_code == 0
    return made / "out" / "report.html"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_fits_and_nothing_is_refused(
    page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    async def look() -> None:
        browser = Browser(tmp_path)
        try:
            await browser.connect()
            await browser.open(page, width, dark=dark)
            assert await browser.value("window.innerWidth") == width
            assert await browser.value(_OVERFLOWS) == 0
            assert await browser.value("document.querySelectorAll('figure svg').length") == 2
            # The style is obeyed, so the policy allows it.
            ground = "rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)"
            assert await browser.value(_GROUND) == ground
            assert await browser.value(_LETTERS) != ground
            assert browser.complaints == []
        finally:
            await browser.end()

    asyncio.run(look())
