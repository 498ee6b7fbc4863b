"""A real browser at a real server of this code, with scripts switched off.

What needs settings is imported late: these are read after this file.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

# Playwright's synchronous interface keeps an event loop on the thread of the tests, which Django takes for a
# view that would block it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

SYSTEM_BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all tests of a file; afterwards its event loop must be gone, since others need theirs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_browser(playwright), args=["--no-sandbox"])
        yield browser
        browser.close()


def _find_browser(playwright: Playwright) -> str | None:
    """The browser of this machine, else that of Playwright (None), which is fetched if it is not there."""
    for path in SYSTEM_BROWSERS:
        if Path(path).exists():
            return path
    if not Path(playwright.chromium.executable_path).exists():
        fetching = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        if fetching.returncode:
            pytest.fail("These tests need a browser: install chromium, or make the download above work.")
    return None


@pytest.fixture
def site(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[str]:
    """A server whose links lead to itself and whose mails are kept as in development; gives its address."""
    from django.test.testcases import LiveServerThread

    server = LiveServerThread("127.0.0.1", static_handler=lambda application: application)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    settings.BASE_URL = f"http://localhost:{server.port}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.MAILS_DIR = tmp_path
    yield settings.BASE_URL
    server.terminate()
    server.join()


@pytest.fixture
def german(chromium: Browser) -> Iterator[Page]:
    """A page of someone who reads German, without scripts."""
    yield from _page(chromium, locale="de-DE")


@pytest.fixture
def english(chromium: Browser) -> Iterator[Page]:
    """A page of someone who reads English, without scripts."""
    yield from _page(chromium, locale="en-GB")


def _page(chromium: Browser, **options: Any) -> Iterator[Page]:
    context: BrowserContext = chromium.new_context(java_script_enabled=False, **options)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
