"""Whatever other servers ask for at the addresses of documents: an answer, never a crash."""

from itertools import product
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from timelines.drafts import StatusDraft
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db

ACTIVITY = "application/activity+json"
NAMES = ("an%00na", "%FF", "%ED%A0%80", "..", "%2e%2e", "a" * 3000, "%E2%80%AEanna", "-1", "%25", "anna%2F1")
NUMBERS = ("0", "-1", "99999999999999999999999", "1e3", "%00", "٣", "1" * 5000)
CURSORS = (
    *("page=true", "page=%00", "page=-1", "page=99999999999999999999", "page=1&page=2", "page"),
    *(f"page=true&{name}" for name in ("min_id=%00", "max_id=" + "9" * 30, "min_id=-5", "min_id=%D9%A3")),
)
ACCEPTS = ("*/*", ACTIVITY + ";q=9", "\x01", ",;q=,", "a/b" * 5000, 'application/ld+json; profile="', "")


def status_of(path: str, **headers: Any) -> int:
    headers = {"Accept": ACTIVITY, "Host": "social.example", **headers}
    return Client(raise_request_exception=False).get(path, headers=headers, secure=True).status_code


def test_any_name_number_and_cursor_is_answered(anna: Account) -> None:
    status = publish_status(anna, StatusDraft(text="Hello"))
    suffixes = ("", "/followers", "/following", "/outbox", "/collections/featured", "/collections/tags")
    paths = [f"/users/{name}{suffix}" for name, suffix in product(NAMES, suffixes)]
    paths += [f"/@{name}" for name in NAMES]
    paths += [f"/.well-known/webfinger?resource={name}" for name in NAMES]
    paths += [f"/.well-known/webfinger?resource=acct:{name}@social.example" for name in NAMES]
    parts = ("", "/activity", "/replies", "/likes", "/shares")
    paths += [f"/users/anna/statuses/{number}{part}" for number, part in product(NUMBERS, parts)]
    paths += [f"/users/{name}/statuses/{status.pk}" for name in NAMES]
    paths += [f"/@{name}/{status.pk}" for name in NAMES]
    paths += [f"/users/anna/quote_authorizations/{number}" for number in NUMBERS]
    paths += [f"/contexts/{first}-{second}" for first, second in product(NUMBERS, NUMBERS)]
    paths += [f"/nodeinfo/{name}" for name in NAMES]
    paged = ["/users/anna/followers", "/users/anna/outbox", f"/users/anna/statuses/{status.pk}/replies"]
    paged.append(f"/contexts/{anna.pk}-{status.pk}")
    paths += [f"{path}?{cursor}" for path, cursor in product(paged, CURSORS)]
    crashed = [path for path in paths if status_of(path) >= 500]
    assert crashed == []


@pytest.mark.parametrize("header", ["Accept", "Signature", "Signature-Input", "Date", "Digest"])
def test_any_header_is_read_or_passed_over(anna: Account, header: str) -> None:
    values = (*ACCEPTS, 'keyId="x",signature="y"', 'sig1=("@method");created=1', "sig1=:AA==:", "=" * 3000)
    assert [value for value in values if status_of("/users/anna", **{header: value}) >= 500] == []
