"""A real browser at a real server of this code, with scripts switched off. Both are shared by a whole file.

What needs settings is imported late: these are read after this file.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Playwright's synchronous interface keeps an event loop on the thread of the tests, which Django takes for a
# view that would block it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHROMIUM = next(
    (
        path
        for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        if Path(path).exists()
    ),
    None,
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this machine, or the one that `playwright install chromium` brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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
