"""Push subscriptions: one for each token, kept as the app said it, gone with the token."""

import base64
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection

from accounts.models import AccessToken, VapidKey
from accounts.oauth.tokens import hash_secret, revoke_token
from accounts.vapid import public_key
from tests.cast import ApiClient, api_client, make_account, token_for
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from timelines.models import PushSubscription
from timelines.push import signed_id

PATH = "/api/v1/push/subscription"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def point() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def wish(**subscription: Any) -> dict[str, Any]:
    keys = {"p256dh": encoded(point()), "auth": encoded(b"0123456789abcdef")}
    return {"subscription": {"endpoint": "https://push.example/abc", "keys": keys, **subscription}}


def test_an_app_subscribes_reads_changes_and_ends(anna: Person) -> None:
    assert anna.app.get(PATH).status_code == anna.app.put(PATH).status_code == 404
    data = {"alerts": {"mention": True, "admin.report": "true", "poll": "0", "nonsense": True}}
    made = anna.app.post(PATH, wish(standard=True) | {"data": {**data, "policy": "followed"}})
    assert made.status_code == 200, made.content
    entity = made.json()
    assert entity_faults("WebPushSubscription", entity) == []
    assert isinstance(entity["id"], int) and entity["id"] < 2**53
    assert (entity["endpoint"], entity["standard"], entity["policy"]) == (
        "https://push.example/abc",
        True,
        "followed",
    )
    assert [name for name, on in entity["alerts"].items() if on] == ["mention", "admin.report"]
    assert entity["server_key"] == anna.see("/api/v2/instance")["configuration"]["vapid"]["public_key"]
    assert anna.see(PATH) == entity

    changed = anna.app.put(PATH, "data[alerts][favourite]=true&data[policy]=none", encoding="form").json()
    assert [name for name, on in changed["alerts"].items() if on] == ["favourite"]
    assert (changed["policy"], changed["id"], changed["standard"]) == ("none", entity["id"], True)
    assert anna.app.patch(PATH, {"data": {"alerts": {}}}).json()["policy"] == "all"

    for _ in range(2):
        assert anna.app.delete(PATH).json() == {}
    assert anna.app.get(PATH).status_code == 404


def test_there_is_one_for_each_token(anna: Person) -> None:
    other = api_client(anna.account, "read push")
    first = anna.app.post(PATH, wish()).json()
    second = other.post(PATH, wish(endpoint="https://push.example/zwei")).json()
    again = anna.app.post(PATH, wish(endpoint="https://push.example/neu")).json()
    assert len({entity["id"] for entity in (first, second, again)}) == 3
    assert other.get(PATH).json() == second
    assert sorted(PushSubscription.objects.values_list("endpoint", flat=True)) == [
        "https://push.example/neu",
        "https://push.example/zwei",
    ]


def test_form_apps_subscribe_too(anna: Person) -> None:
    keys = wish()["subscription"]["keys"]
    body = [
        ("subscription[endpoint]", "https://push.example/abc"),
        ("subscription[keys][p256dh]", keys["p256dh"] + "="),
        ("subscription[keys][auth]", keys["auth"] + "=="),
        ("data[alerts][admin.sign_up]", "1"),
    ]
    made = anna.app.post(PATH, body, encoding="form").json()
    assert (made["alerts"]["admin.sign_up"], made["standard"]) == (True, False)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"endpoint": "ftp://push.example/a"}, 422),
        ({"endpoint": ""}, 422),
        ({"endpoint": "https://"}, 422),
        ({"endpoint": "https://[::1"}, 422),
        ({"endpoint": "https://push.example/" + "x" * 3000}, 422),
        ({"endpoint": ["https://push.example"]}, 400),
        ({"keys": {}}, 422),
        ({"keys": "x"}, 422),
        ({"keys": {"p256dh": encoded(b"\x04" + b"1" * 64), "auth": encoded(b"0" * 16)}}, 422),
        ({"keys": {"p256dh": encoded(point()), "auth": encoded(b"0" * 15)}}, 422),
        ({"keys": {"p256dh": encoded(point()), "auth": "ü\x00"}}, 422),
        ({"keys": {"p256dh": "A", "auth": encoded(b"0" * 16)}}, 422),
    ],
)
def test_what_cannot_work_is_refused(anna: Person, fields: dict[str, Any], status: int) -> None:
    answer = anna.app.post(PATH, wish(**fields))
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]
    assert not PushSubscription.objects.exists()


def test_a_request_without_subscription_is_400_and_a_strange_policy_422(anna: Person) -> None:
    for body in ({}, {"subscription": "x"}, {"subscription": []}):
        assert anna.app.post(PATH, body).status_code == 400
    assert anna.app.post(PATH, wish() | {"data": {"policy": "some"}}).status_code == 422
    assert anna.app.post(PATH, wish() | {"data": "x"}).status_code == 200


def test_it_goes_with_its_token(anna: Person) -> None:
    token = token_for(anna.account, "read push")
    ApiClient(token).post(PATH, wish())
    anna.app.post(PATH, wish())
    revoke_token(AccessToken.objects.get(token_hash=hash_secret(token)))
    assert PushSubscription.objects.count() == 1
    assert anna.app.get(PATH).status_code == 200


def test_apps_learn_the_key_when_they_register(anna: Person) -> None:
    made = anna.app.post("/api/v1/apps", {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"})
    key = made.json()["vapid_key"]
    assert key == public_key()
    assert len(base64.urlsafe_b64decode(key + "=")) == 65
    assert anna.see("/api/v1/apps/verify_credentials")["vapid_key"] == key


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_agree_on_one_key() -> None:
    make_account("anna")
    found: list[str] = []

    def ask() -> None:
        found.append(public_key())
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and set(found) == {VapidKey.objects.get().public_key}


def test_a_push_service_ends_it_without_a_token(anna: Person) -> None:
    anna.app.post(PATH, wish())
    signed = signed_id(PushSubscription.objects.get())
    for made_up in ("1", f"{signed}x", signed.replace(":", "1:", 1), "%00", "9" * 300, ":"):
        assert ApiClient().delete(f"/api/web/push_subscriptions/{made_up}").status_code == 200
    assert anna.app.get(PATH).status_code == 200

    for _ in range(2):
        answer = ApiClient().delete(f"/api/web/push_subscriptions/{signed}")
        assert (answer.status_code, answer.content) == (200, b"")
    assert anna.app.get(PATH).status_code == 404
