"""A person with a browser but no JavaScript: opens pages, fills forms in, keeps cookies.

Used by every test that needs someone to sign up, sign in or consent as people really do.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx


@dataclass
class Form:
    """One form of a page: where it goes, and what is filled in already."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._inside)
        elif (
            self._inside is not None and tag in ("input", "textarea", "select", "button") and "name" in given
        ):
            self._inside.names.add(given["name"])
            optional = tag == "button" or given.get("type") in ("checkbox", "radio")
            if not optional or "checked" in given:
                self._inside.values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None


class Visitor:
    """Someone at a browser, on one server (``base_url`` without a trailing slash)."""

    def __init__(self, base_url: str, *, language: str = "de") -> None:
        self.base_url = base_url
        self._credentials: dict[str, str] = {}
        self.browser = httpx.Client(
            follow_redirects=True, timeout=20, trust_env=False, headers={"Accept-Language": language}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.browser.close()

    def open(self, address: str) -> httpx.Response:
        """Open an address or path and expect a page."""
        page = self.browser.get(urljoin(self.base_url + "/", address))
        page.raise_for_status()
        return page

    def submit(self, page: httpx.Response, **values: str) -> httpx.Response:
        """Fill in the form of this page that has all these fields, and send it."""
        reader = _FormReader()
        reader.feed(page.text)
        posting = [form for form in reader.forms if form.method == "post" and values.keys() <= form.names]
        assert posting, f"no form with {[*values]} on {page.url}:\n{page.text}"
        form = posting[0]
        return self.browser.post(
            urljoin(str(page.url), form.action or str(page.url)),
            data={**form.values, **values},
            headers={"Referer": str(page.url)},
        )

    def sign_up(self, invitation: str, *, username: str, email: str, password: str) -> None:
        """Follow an invitation link to the end: form, mail, button, signed in."""
        page = self.submit(
            self.open(invitation), username=username, email=email, password=password, agreement="on"
        )
        page.raise_for_status()
        confirmed = self.submit(self.open(self.link_in_newest_mail(email)))
        confirmed.raise_for_status()
        self.sign_in(email, password)

    def link_in_newest_mail(self, email: str) -> str:
        """Return the confirmation link that was mailed to this address (development mailbox)."""
        for _ in range(100):
            page = self.open("/development/mails").text
            links = re.findall(r'href="([^"]*/confirm[^"]*)"', page) if email in page else []
            if links:
                return links[0].replace("&amp;", "&")
        raise AssertionError(f"no mail to {email} arrived")

    def sign_in(self, email: str, password: str) -> None:
        """Sign in on the login page."""
        self._credentials = {"username": email, "password": password}
        page = self.submit(self.open("/login"), **self._credentials)
        page.raise_for_status()

    def consent(self, authorize_url: str) -> str:
        """Say yes on the consent page of an out-of-band app and return the code it shows.

        Mastodon.py asks for a fresh login each time: its ``force_login=False`` counts as true.
        """
        page = self.open(authorize_url)
        if page.url.path == "/login":
            page = self.submit(page, **self._credentials)
        page = self.submit(page, decision="approve")
        page.raise_for_status()
        shown = re.search(r'class="oauth-code"[^>]*value="([^"]+)"', page.text)
        assert shown, page.text
        return shown[1]
