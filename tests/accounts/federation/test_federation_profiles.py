"""Profiles between servers: handles resolved, actors stored, changed and deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.actors import BadActor
from accounts.models import Account, Follow
from accounts.remote import INVALID_DOMAIN, account_from_uri, delete_account, refresh_account, upsert_account
from accounts.resolve import find_by_handle, resolve_handle
from core.errors import AppError, NotFound
from federation.models import DomainPolicy, RemoteKey
from tests.loopback import answer
from tests.peer import Person, verdicts

pytestmark = pytest.mark.django_db


# Handles


def test_a_handle_is_resolved_once_and_then_known(dora: Person) -> None:
    account = resolve_handle(f"@dora@{dora.peer.host.upper()}")

    assert (account.uri, account.acct) == (dora.uri, f"dora@{dora.peer.host}")
    assert account.preferred_inbox_url == f"{dora.peer.base}/inbox"
    asked = len(dora.peer.server.received)
    assert resolve_handle(f"Dora@{dora.peer.host}") == account
    assert find_by_handle("DORA", dora.peer.host) == account
    assert len(dora.peer.server.received) == asked


def test_an_actor_may_name_its_handle_itself(dora: Person, emil: Person) -> None:
    emil.peer.add_handle("dora", dora.uri)
    handle = f"dora@{emil.peer.host}"
    account = upsert_account({**dora.document, "webfinger": f"acct:{handle}", "preferredUsername": None})
    assert account.acct == handle
    # As long as it claims nothing else, nobody is asked again.
    asked = len(emil.peer.server.received)
    upsert_account({**dora.document, "webfinger": handle})
    assert len(emil.peer.server.received) == asked


def test_our_own_handles_need_no_network(anna: Account) -> None:
    assert resolve_handle("anna") == resolve_handle("@Anna@social.example") == anna
    assert find_by_handle("anna", "social.example") == anna


@pytest.mark.parametrize("handle", ["", "@", "a b@c.example", "x@y@z", "nobody", "a@-", "../etc@x.example"])
def test_what_is_no_handle_is_not_found(anna: Account, handle: str) -> None:
    with pytest.raises(NotFound):
        resolve_handle(handle)


def test_an_unknown_name_elsewhere_is_not_found(dora: Person) -> None:
    with pytest.raises(NotFound):
        resolve_handle(f"nobody@{dora.peer.host}")


def test_a_blocked_server_is_not_asked(dora: Person) -> None:
    DomainPolicy.objects.create(domain=dora.peer.host, severity=DomainPolicy.Severity.SUSPEND)
    with pytest.raises(NotFound):
        resolve_handle(f"dora@{dora.peer.host}")
    with pytest.raises(NotFound):
        account_from_uri(dora.uri)
    assert dora.peer.server.received == []


def test_nobody_can_take_the_handle_of_another_server(dora: Person, emil: Person) -> None:
    document = dora.change(webfinger=f"emil@{emil.peer.host}")
    with pytest.raises(AppError):
        upsert_account(document)
    assert not Account.objects.remote().exists()


def test_a_handle_that_leads_to_somebody_else_renames_nobody(dora: Person, emil: Person) -> None:
    emil.peer.add_handle("evil", dora.uri)
    assert resolve_handle(f"evil@{emil.peer.host}").acct == f"dora@{dora.peer.host}"
    assert resolve_handle(f"evil@{emil.peer.host}").acct == f"dora@{dora.peer.host}"


def test_a_name_unknown_at_the_usual_place_is_asked_for_where_host_meta_says(dora: Person) -> None:
    template = f"{dora.peer.base}/finger?of={{uri}}"
    link = f'<Link rel="lrdd" template="{template}"/>'
    xrd = f'<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">{link}</XRD>'
    resource = f"acct:dora@{dora.peer.host}"
    found = dora.peer.replies.pop(f"/.well-known/webfinger?resource={resource}")
    dora.peer.add("/.well-known/host-meta", answer(xrd.encode(), content_type="application/xrd+xml"))
    dora.peer.add(f"/finger?of={resource}", found)
    assert dora.account().acct == f"dora@{dora.peer.host}"


def test_nobody_elsewhere_can_be_one_of_ours(anna: Account, dora: Person) -> None:
    for changes in ({"webfinger": "anna@social.example"}, {"id": anna.uri}):
        with pytest.raises(AppError):
            upsert_account({**dora.document, **changes})
    assert Account.objects.count() == 1


def test_a_server_that_was_set_up_anew_is_the_same_account_and_asked_again(
    anna: Account, dora: Person
) -> None:
    former = dora.account()
    dora.does("Follow", anna.uri)
    relationships.accept_follow(relationships.follow(anna, former))
    dora.run_jobs()
    uri = f"{dora.peer.base}/people/7"
    dora.peer.add_handle("dora", uri)
    new = upsert_account({**dora.document, "id": uri, "publicKey": None})
    dora.run_jobs()

    assert (new.pk, new.uri, new.acct) == (former.pk, uri, f"dora@{dora.peer.host}")
    assert [follow["object"] for follow in dora.inbox("Follow")] == [dora.uri, uri]
    # The new server knows nothing of whom the old one followed.
    assert not Follow.objects.filter(account=new).exists()
    assert not RemoteKey.objects.filter(actor_uri=dora.uri).exists()


def test_a_handle_that_went_to_another_known_account_is_void_for_the_former_owner(dora: Person) -> None:
    former = dora.account()
    other = Person(dora.peer, "other", dora.run_jobs)
    other.account()
    dora.peer.add_handle("dora", other.uri)
    renamed = upsert_account({**other.document, "preferredUsername": "dora"})

    former.refresh_from_db()
    assert renamed.acct == f"dora@{dora.peer.host}"
    assert (former.domain, former.fetched_at) == (INVALID_DOMAIN, None)
    # Its own server says what it is called now.
    dora.peer.add_handle("dorothea", former.uri)
    dora.change(preferredUsername="dorothea")
    dora.run_jobs()
    former.refresh_from_db()
    assert former.acct == f"dorothea@{dora.peer.host}"


# What is stored of an actor


def test_an_actor_is_stored_clean_and_cut(dora: Person) -> None:
    dora.change(
        name="Dora\u202e\x07 " + "x" * 3000,
        summary='<p onclick="x()">Hi<script>alert(1)</script></p>',
        url="https://elsewhere.example/dora",
        icon=[{"type": "Image", "url": f"{dora.peer.base}/d.png", "summary": "A face"}],
        attachment=[{"type": "PropertyValue", "name": "Site", "value": "<b>x</b>"}] * 60
        + [{"type": "PropertyValue", "name": 3}],
        followers="https://elsewhere.example/followers",
        manuallyApprovesFollowers=True,
        alsoKnownAs=dora.uri,
        endpoints={"sharedInbox": "https://elsewhere.example/inbox"},
        attributionDomains=["Blog.example", "*.news.example", "a b", 4],
        showMedia=False,
    )
    account = dora.account()

    assert account.display_name.startswith("Dora") and len(account.display_name) <= 2048
    assert (
        "\u202e" not in account.display_name
        and "script" not in account.note
        and "onclick" not in account.note
    )
    assert account.url == dora.uri
    assert (account.avatar_remote_url, account.avatar_description) == (f"{dora.peer.base}/d.png", "A face")
    assert len(account.fields) == 50
    assert account.also_known_as == [dora.uri]
    assert account.locked
    assert account.attribution_domains == ["blog.example", "news.example"]
    assert (account.show_media, account.show_featured) == (False, True)
    # Addresses on other hosts could speak for somebody else.
    assert (account.followers_url, account.shared_inbox_url) == ("", "")
    assert RemoteKey.objects.filter(actor_uri=dora.uri).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Note"},
        {"inbox": None},
        {"inbox": "ftp://x.example/inbox"},
        {"inbox": "http://127.0.0.1/inbox"},
        {"inbox": "https://[::ffff:10.0.0.1]/inbox"},
        {"preferredUsername": "../x"},
        {"preferredUsername": 7},
        {"id": 5},
        {"type": {"x": 1}},
    ],
)
def test_what_is_no_actor_is_refused(dora: Person, changes: dict[str, Any]) -> None:
    with pytest.raises(BadActor):
        upsert_account({**dora.document, **changes})


def test_how_many_follow_is_read_from_its_server(dora: Person) -> None:
    for name, total in (("followers", 12), ("following", 3), ("outbox", -4)):
        collection = {"type": "OrderedCollection", "totalItems": total}
        dora.serve({"id": f"{dora.uri}/{name}", **collection})
    account = dora.account()
    dora.run_jobs()

    account.refresh_from_db()
    assert (account.followers_count, account.following_count, account.statuses_count) == (12, 3, 0)
    assert account.hide_collections


def test_an_old_account_is_read_again_and_kept_when_its_server_is_away(dora: Person) -> None:
    account = dora.account()
    dora.change(name="Dora the Second")
    assert refresh_account(account).display_name == ""

    Account.objects.filter(pk=account.pk).update(fetched_at=timezone.now() - timedelta(days=2))
    account.refresh_from_db()
    assert refresh_account(account).display_name == "Dora the Second"

    dora.peer.add("/users/dora", answer(status=500))
    Account.objects.filter(pk=account.pk).update(fetched_at=None)
    account.refresh_from_db()
    assert refresh_account(account).display_name == "Dora the Second"


def test_who_is_gone_for_good_is_deleted_when_read_again(dora: Person) -> None:
    account = dora.account()
    Account.objects.filter(pk=account.pk).update(fetched_at=None)
    dora.peer.add("/users/dora", answer(status=410))
    with pytest.raises(NotFound):
        resolve_handle(f"dora@{dora.peer.host}")
    assert not Account.objects.remote().exists()


@pytest.mark.parametrize("lives", [True, False])
def test_whose_inbox_is_gone_is_read_anew(anna: Account, dora: Person, lives: bool) -> None:
    dora.change(endpoints={})
    relationships.follow(anna, dora.account())
    dora.peer.add("/users/dora/inbox", answer(status=410))
    dora.change(inbox=f"{dora.peer.base}/new-inbox")
    if not lives:
        dora.peer.add("/users/dora", answer(status=410))
    dora.run_jobs()
    inboxes = list(Account.objects.remote().values_list("inbox_url", flat=True))
    assert inboxes == ([f"{dora.peer.base}/new-inbox"] if lives else [])


def test_a_link_of_another_profile_is_proven_when_the_page_links_back(dora: Person) -> None:
    page = f"{dora.peer.base}/blog"
    link = f'<a href="{page}">{page}</a>'
    fields = [(link, True), (f"see {link}", False), (f'<a href="{page}">https://bank.example</a>', False)]
    dora.peer.add("/blog", answer(f'<a rel="me" href="{dora.uri}">I</a>'.encode(), content_type="text/html"))
    dora.change(attachment=[{"type": "PropertyValue", "name": "Site", "value": value} for value, _ in fields])
    dora.account()
    dora.run_jobs()
    upsert_account(dora.document)

    shown = Account.objects.get(uri=dora.uri).fields
    assert [entry["verified_at"] is not None for entry in shown] == [proven for _value, proven in fields]


def test_a_new_home_is_believed_when_it_names_the_old_one(dora: Person, emil: Person) -> None:
    dora.change(movedTo=emil.uri)
    dora.account()
    dora.run_jobs()
    assert Account.objects.get(uri=dora.uri).moved_to is None

    upsert_account(emil.change(alsoKnownAs=[dora.uri]))
    upsert_account(dora.document)
    dora.run_jobs()
    assert Account.objects.get(uri=dora.uri).moved_to == emil.account()
    upsert_account(dora.change(movedTo=None))
    assert Account.objects.get(uri=dora.uri).moved_to is None


# Changes and ends


def test_an_update_of_the_actor_changes_the_profile(dora: Person) -> None:
    account = dora.account()
    dora.does("Update", {**dora.document, "name": "Dora the Second", "summary": "<p>New</p>"})
    account.refresh_from_db()
    assert (account.display_name, account.note) == ("Dora the Second", "<p>New</p>")


def test_an_update_that_claims_another_handle_is_refused(dora: Person) -> None:
    account = dora.account()
    dora.does("Update", {**dora.document, "preferredUsername": "admin"})
    account.refresh_from_db()
    assert account.username == "dora"
    assert verdicts()[-1][1].startswith("refused")


def test_nobody_changes_or_deletes_somebody_else(dora: Person, emil: Person) -> None:
    account = dora.account()
    emil.does("Update", {**dora.document, "name": "Stolen"})
    emil.does("Delete", dora.uri)
    account.refresh_from_db()
    assert account.display_name == ""


def test_a_deleted_actor_takes_its_follows_along(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    dora.does("Delete", dora.uri)

    assert not Account.objects.filter(uri=dora.uri).exists()
    assert not Follow.objects.exists()
    assert not RemoteKey.objects.filter(actor_uri=dora.uri).exists()
    anna.refresh_from_db()
    assert (anna.followers_count, anna.following_count) == (0, 0)


def test_an_account_of_ours_cannot_be_deleted_as_if_it_were_remote(anna: Account) -> None:
    with pytest.raises(ValueError, match="ours"):
        delete_account(anna)


def test_a_suspended_sender_is_refused(anna: Account, dora: Person) -> None:
    Account.objects.filter(pk=dora.account().pk).update(suspended_at=timezone.now())
    dora.does("Follow", anna.uri)
    assert not Follow.objects.exists()
    assert verdicts()[-1][1].startswith("refused")


def test_what_its_own_server_suspends_it_also_releases(dora: Person) -> None:
    account = dora.account()
    dora.does("Update", {**dora.document, "suspended": True})
    account.refresh_from_db()
    assert account.suspended_at is not None
    dora.does("Update", dora.document)
    account.refresh_from_db()
    assert account.suspended_at is None


def test_what_we_suspended_its_own_server_does_not_release(dora: Person) -> None:
    account = dora.account()
    Account.objects.filter(pk=account.pk).update(suspended_at=timezone.now())
    dora.does("Update", dora.document)
    account.refresh_from_db()
    assert account.suspended_at is not None


def test_an_account_of_last_week_that_acts_is_read_again_in_the_background(
    anna: Account, dora: Person
) -> None:
    account = dora.account()
    dora.run_jobs()
    Account.objects.filter(pk=account.pk).update(fetched_at=timezone.now() - timedelta(days=8))
    dora.change(name="Dora the Second")
    dora.does("Follow", anna.uri)
    account.refresh_from_db()
    assert account.display_name == "Dora the Second"
