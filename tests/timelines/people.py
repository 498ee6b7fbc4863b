"""People with apps, for the tests of statuses and timelines."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from accounts.relationships import accept_follow, follow
from tests.cast import ApiClient, api_client, make_account


@dataclass
class Person:
    """An account with an app that is signed in to it."""

    account: Account
    app: ApiClient

    def post(self, text: str = "Guten Morgen", **fields: Any) -> dict[str, Any]:
        """Publish a status and return it as the app gets it."""
        answer = self.app.post("/api/v1/statuses", {"status": text, **fields})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def do(self, verb: str, status: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Favourite, reblog, bookmark or pin a status, or take it back; return what the app gets."""
        answer = self.app.post(f"/api/v1/statuses/{status['id']}/{verb}", fields)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def see(self, path: str, **params: Any) -> Any:
        """Return what an address answers with 200."""
        answer = self.app.get(path, params)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def home(self, **params: Any) -> list[str]:
        """Return the texts of the home feed; a reblog shows what it reblogs."""
        return [text_of(status) for status in self.see("/api/v1/timelines/home", **params)]

    def told(self, **params: Any) -> list[tuple[str, str]]:
        """Return the notifications as pairs of type and who caused it, newest first."""
        found = self.see("/api/v1/notifications", **params)
        return [(entry["type"], entry["account"]["acct"]) for entry in found]


def text_of(status: dict[str, Any]) -> str:
    """Return what a status says, without tags."""
    shown = status["reblog"] or status
    return shown["content"].removeprefix("<p>").removesuffix("</p>")


def person(name: str, **fields: Any) -> Person:
    """Make a person with an app."""
    account = make_account(name, **fields)
    return Person(account, api_client(account))


def let_follow(follower: Account, target: Account, **options: Any) -> None:
    """Make a follow that holds, also of and by remote accounts."""
    row = follow(follower, target, **options)
    if row.accepted_at is None:
        accept_follow(row)
