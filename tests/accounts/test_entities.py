"""Accounts as apps see them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.entities import render_account, render_accounts, render_relationships
from accounts.models import Account
from accounts.relationships import follow
from media.models import CustomEmoji
from media.proxy import Kind, proxied_url
from tests.cast import api_client, make_account, make_remote_account

pytestmark = pytest.mark.django_db

BASE = "https://social.example"


def show(account: Account) -> dict[str, Any]:
    response = api_client().get(f"/api/v1/accounts/{account.pk}")
    assert response.status_code == 200
    return response.json()


def make_emoji(**columns: Any) -> None:
    CustomEmoji.objects.create(shortcode="blob", updated_at=timezone.now(), **columns)


def test_a_local_account():
    anna = make_account(
        "anna",
        note="Hi <b>all</b>\nsee #Wald",
        fields=[{"name": "Web", "value": "https://anna.example", "verified_at": None}],
        created_at=datetime(2026, 3, 4, 15, 6, tzinfo=UTC),
        last_status_at=datetime(2026, 5, 6, 23, 59, tzinfo=UTC),
    )
    shown = show(anna)
    assert shown["id"] == str(anna.pk)
    assert (shown["username"], shown["acct"]) == ("anna", "anna")
    assert (shown["uri"], shown["url"]) == (f"{BASE}/users/anna", f"{BASE}/@anna")
    assert shown["created_at"] == "2026-03-04T00:00:00.000Z"
    assert shown["last_status_at"] == "2026-05-06"
    assert (
        "&lt;b&gt;all&lt;/b&gt;" in shown["note"]
        and 'href="https://social.example/tags/wald"' in shown["note"]
    )
    assert 'rel="me ' in shown["fields"][0]["value"] or " me" in shown["fields"][0]["value"]
    assert shown["avatar"] == shown["avatar_static"] == f"{BASE}/static/avatars/missing.png"
    assert shown["header"] == f"{BASE}/static/headers/missing.png"
    assert shown["roles"] == []
    for absent in ("suspended", "limited", "memorial", "moved"):
        assert absent not in shown


def test_a_remote_account_is_shown_as_it_came():
    dora = make_remote_account(
        "dora",
        "xn--bcher-kva.example",
        note="<p>Hi</p>",
        fields=[{"name": "x", "value": "<b>y</b>", "verified_at": None}],
        avatar_remote_url="https://files.example/a.png",
    )
    shown = show(dora)
    assert shown["acct"] == "dora@bücher.example"
    assert shown["note"] == "<p>Hi</p>"
    assert shown["fields"] == [{"name": "x", "value": "<b>y</b>", "verified_at": None}]
    assert shown["avatar"] == proxied_url(Kind.AVATAR, "https://files.example/a.png").partition("?")[0]
    assert "roles" not in shown and "noindex" not in shown


def test_a_domain_that_could_deceive_stays_encoded():
    assert show(make_remote_account("dora", "xn--pple-43d.com"))["acct"] == "dora@xn--pple-43d.com"


def test_a_suspended_account_is_blanked():
    anna = make_account(
        "anna", suspended_at=timezone.now(), note="x", avatar="a.png", discoverable=True, moved_to=None
    )
    shown = show(anna)
    assert shown["suspended"] is True
    assert (shown["display_name"], shown["note"], shown["fields"], shown["emojis"]) == ("", "", [], [])
    assert shown["avatar"].endswith("/missing.png")
    assert shown["discoverable"] is False


def test_a_deleted_account_and_an_unknown_id_are_not_found():
    gone = make_account("gone", deleted_at=timezone.now())
    for account_id in (gone.pk, 1, 2**70, "nonsense", -5):
        assert api_client().get(f"/api/v1/accounts/{account_id}").status_code == 404


def test_a_moved_account_names_the_new_one_but_not_the_next():
    third = make_account("third")
    second = make_account("second", moved_to=third)
    first = make_account("first", moved_to=second, silenced_at=timezone.now(), memorial=True)
    shown = show(first)
    assert shown["moved"]["username"] == "second"
    assert "moved" not in shown["moved"]
    assert shown["limited"] is True and shown["memorial"] is True


def test_staff_is_shown_with_its_role():
    assert [role["id"] for role in show(make_account("anna", role="admin"))["roles"]] == ["2"]
    own = api_client(make_account("mod", role="moderator"))
    role = own.get("/api/v1/accounts/verify_credentials").json()["role"]
    assert int(role["permissions"]) & (1 << 4)
    assert not int(role["permissions"]) & 1
    assert role["highlighted"] is True


def test_everybody_has_a_role():
    role = api_client(make_account("anna")).get("/api/v1/accounts/verify_credentials").json()["role"]
    assert (role["id"], role["permissions"]) == ("-99", "65536")


def test_custom_emoji_are_named_for_the_server_they_come_from():
    make_emoji(file="emoji/b.png")
    make_emoji(domain="elsewhere.example", remote_url="https://elsewhere.example/b.png")
    anna = make_account("anna", display_name="Anna :blob: :unknown:")
    dora = make_remote_account("dora", display_name=":blob:")
    assert [emoji["shortcode"] for emoji in show(anna)["emojis"]] == ["blob"]
    theirs = proxied_url(Kind.EMOJI, "https://elsewhere.example/b.png")
    assert show(dora)["emojis"][0]["url"] == theirs.partition("?")[0]


def test_bots_and_groups():
    assert show(make_account("bot", actor_type="Service"))["bot"] is True
    assert show(make_remote_account("group", actor_type="Group"))["group"] is True


def test_a_page_costs_the_same_for_one_and_for_forty(django_assert_num_queries):
    make_emoji(domain="elsewhere.example", remote_url="https://x.example/b.png")
    target = make_account("target")
    viewer = make_account("viewer")
    accounts = [
        make_remote_account(f"dora{number}", note=":blob:", moved_to=target if number % 2 else None)
        for number in range(39)
    ] + [make_account("anna", note=":blob:", moved_to=target)]
    for account in accounts[:10:2]:
        follow(viewer, account)
    for page in (accounts[1:2], accounts):
        with django_assert_num_queries(3):
            render_accounts(page)
        with django_assert_num_queries(8):
            render_relationships(viewer, page)
    assert len(render_accounts([])) == 0
    assert render_account(target)["id"] == str(target.pk)
