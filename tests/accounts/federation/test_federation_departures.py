"""What other servers are told of our profiles: that they changed, and that somebody is gone."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import relationships
from accounts.deletion import delete_local_account
from accounts.models import Account, Follow, User
from accounts.outbox import send_actor_update
from accounts.profiles import ProfileChanges, update_profile
from federation.models import Delivery, OutboundActivity, SigningKey
from media.models import MediaAttachment
from tests.cast import ApiClient, make_account, make_remote_account, token_for, user_of
from tests.peer import Person, let_fall_due
from timelines.drafts import StatusDraft
from timelines.models import Favourite, Mention, Status
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


def get(path: str) -> Any:
    accept = {"Accept": "application/activity+json", "Host": "social.example"}
    return Client().get(path, headers=accept, secure=True)


# Changes


def test_a_new_profile_reaches_followers_and_followed_in_one_delivery_per_server(
    anna: Account, dora: Person, emil: Person
) -> None:
    dora.does("Follow", anna.uri)
    relationships.follow(anna, emil.account())
    update_profile(anna, ProfileChanges(display_name="Anna the Second"))
    let_fall_due()

    [update] = dora.inbox("Update")
    assert emil.inbox("Update") == [update]
    assert update["id"].startswith(f"{anna.uri}#updates/")
    assert update["to"] == ["https://www.w3.org/ns/activitystreams#Public"]
    assert update["object"]["id"] == anna.uri and "@context" not in update["object"]
    assert update["object"]["publicKey"]["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")


def test_changes_that_follow_each_other_closely_are_told_once(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    for name in ("A", "An", "Ann"):
        update_profile(anna, ProfileChanges(display_name=name))
    dora.run_jobs()
    assert not dora.inbox("Update")
    let_fall_due()
    assert [update["object"]["name"] for update in dora.inbox("Update")] == ["Ann"]


def test_who_was_mentioned_lately_learns_of_a_new_profile(anna: Account, dora: Person, emil: Person) -> None:
    publish_status(anna, StatusDraft(text=f"@dora@{dora.account().domain} @emil@{emil.account().domain}"))
    Mention.objects.filter(account=emil.account()).delete()
    send_actor_update(anna)
    let_fall_due()
    assert (len(dora.inbox("Update")), len(emil.inbox("Update"))) == (1, 0)


def test_the_inboxes_are_asked_for_in_one_query(
    anna: Account, dora: Person, django_assert_max_num_queries: Any
) -> None:
    dora.does("Follow", anna.uri)
    # Twice the inboxes, the emoji and the key of the document, and the writing of activity and deliveries.
    with django_assert_max_num_queries(12):
        send_actor_update(anna)


# The end


def test_a_departure_is_told_to_every_known_server_and_first_to_those_of_followers(
    anna: Account, dora: Person, emil: Person
) -> None:
    dora.does("Follow", anna.uri)
    Account.objects.filter(pk=emil.account().pk).update(suspended_at=timezone.now())
    make_remote_account("blind", inbox_url="", shared_inbox_url="")
    Delivery.objects.all().delete()
    delete_local_account(anna)
    priorities = dict(Delivery.objects.values_list("host", "priority"))
    assert priorities == {
        dora.peer.host: Delivery.Priority.NORMAL,
        emil.peer.host: Delivery.Priority.LOW,
    }

    dora.run_jobs()
    [delete] = dora.inbox("Delete")
    assert (delete["id"], delete["object"]) == (f"{anna.uri}#delete", anna.uri)
    assert emil.inbox("Delete") == [delete]


def test_what_others_ask_for_is_gone_and_the_key_stays(anna: Account, dora: Person) -> None:
    status = publish_status(anna, StatusDraft(text="Hello"))
    delete_local_account(anna)
    for path in ("", "/followers", "/outbox", "/collections/featured"):
        assert get(f"/users/anna{path}").status_code == 410
    assert get("/@anna").status_code == 410
    assert get("/.well-known/webfinger?resource=acct:anna@social.example").status_code == 410
    assert get(status.uri.removeprefix("https://social.example")).status_code == 404
    assert dora.say(dora.activity("Follow", anna.uri), path="/users/anna/inbox").status_code == 410
    assert SigningKey.objects.filter(actor_uri=anna.uri).exists()


def test_a_departure_leaves_nothing_behind_but_the_name(anna: Account, dora: Person) -> None:
    bertha = make_account("bertha")
    relationships.follow(bertha, anna)
    relationships.follow(anna, bertha)
    told = publish_status(bertha, StatusDraft(text="@anna"))
    publish_status(anna, StatusDraft(text="Hello", in_reply_to_id=told.pk))
    Favourite.objects.create(account=anna, status=told, created_at=timezone.now())
    Status.objects.filter(pk=told.pk).update(favourites_count=1)
    app = ApiClient(token_for(anna))
    Account.objects.filter(pk=anna.pk).update(note="Secret", fields=[{"name": "a", "value": "b"}])
    anna.refresh_from_db()
    delete_local_account(anna)
    delete_local_account(anna)

    left = Account.objects.get(pk=anna.pk)
    assert (left.username, left.note, left.fields, left.statuses_count) == ("anna", "", [], 0)
    assert not Status.objects.filter(account=anna).exists() and not Follow.objects.exists()
    told.refresh_from_db()
    bertha.refresh_from_db()
    assert (told.favourites_count, told.replies_count) == (0, 0)
    assert (bertha.followers_count, bertha.following_count) == (0, 0)
    assert app.get("/api/v1/accounts/verify_credentials").status_code == 401
    assert list(User.objects.all()) == [user_of(bertha)]
    assert OutboundActivity.objects.filter(activity_type="Delete").count() <= 1
    assert not MediaAttachment.objects.exists()
    with pytest.raises(CommandError, match="taken"):
        call_command("account", "create", "anna", "--email", "a@b.example", "--password", "long enough 7")


def test_an_administrator_deletes_by_name_and_has_to_be_sure(anna: Account, capsys: Any) -> None:
    with pytest.raises(CommandError, match="--yes"):
        call_command("account", "delete", "anna")
    with pytest.raises(CommandError, match="no account"):
        call_command("account", "delete", "nobody", "--yes")
    call_command("account", "delete", "Anna", "--yes")
    assert "@anna@social.example is deleted" in capsys.readouterr().out
    assert Account.objects.get(pk=anna.pk).deleted_at is not None


def test_an_account_of_another_server_is_not_ours_to_delete(anna: Account) -> None:
    with pytest.raises(ValueError, match="others"):
        delete_local_account(make_remote_account("dora"))
