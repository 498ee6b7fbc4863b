"""Quotes within this server: made, seen, refused, withdrawn, gone; and who may quote."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.relationships import block
from accounts.remote import delete_account
from tests.cast import api_client
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person
from timelines.models import Notification, Quote, Status

pytestmark = pytest.mark.django_db


def quote(who: Person, quoted: dict[str, Any], text: str = "Sehr wahr", **fields: Any) -> dict[str, Any]:
    """Publish a status that quotes another and return it."""
    return who.post(text, quoted_status_id=quoted["id"], **fields)


def try_to_quote(who: Person, quoted: dict[str, Any], **fields: Any) -> int:
    """Return the HTTP status of an attempt to quote."""
    answer = who.app.post("/api/v1/statuses", {"status": "Ah", "quoted_status_id": quoted["id"], **fields})
    return int(answer.status_code)


def seen_by(who: Person, status: dict[str, Any]) -> dict[str, Any]:
    """Return a status as somebody gets it, checked against the contract."""
    entity: dict[str, Any] = who.see(f"/api/v1/statuses/{status['id']}")
    assert entity_faults("AuthenticatedStatus", entity) == []
    return entity


def quote_seen_by(who: Person, status: dict[str, Any]) -> tuple[str, str | None]:
    """Return the state of a quote and the id of what is shown in it."""
    found = seen_by(who, status)["quote"]
    quoted = found["quoted_status"]
    return found["state"], quoted and quoted["id"]


def count_seen_by(who: Person, status: dict[str, Any]) -> int:
    return int(seen_by(who, status)["quotes_count"])


def approval(who: Person, status: dict[str, Any]) -> tuple[list[str], list[str], str]:
    found = seen_by(who, status)["quote_approval"]
    return found["automatic"], found["manual"], found["current_user"]


def remote_status(author: Account) -> Status:
    """Make a status of another server, as if it had been fetched."""
    return Status.objects.create(
        uri=f"{author.uri}/1",
        account=author,
        is_local=False,
        content="<p>Kuchen</p>",
        visibility="public",
        created_at=author.created_at,
    )


def revoke(who: Person, quoted: dict[str, Any], quoting: dict[str, Any]) -> Any:
    return who.app.post(f"/api/v1/statuses/{quoted['id']}/quotes/{quoting['id']}/revoke")


# Quoting


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_a_status_is_quoted_at_once(anna: Person, cem: Person, encoding: str) -> None:
    said = anna.post("Brot ist gut")

    body = {"status": "Sehr wahr", "quoted_status_id": said["id"]}
    answer = cem.app.post("/api/v1/statuses", body, encoding=encoding)

    assert answer.status_code == 200, answer.content
    made = answer.json()
    assert entity_faults("AuthenticatedStatus", made) == []
    assert made["quote"]["state"] == "accepted"
    assert made["quote"]["quoted_status"]["content"] == "<p>Brot ist gut</p>"
    assert made["quote"]["quoted_status"]["quote"] is None
    assert count_seen_by(anna, said) == 1
    assert anna.told() == [("quote", "cem")]


def test_the_text_leads_to_what_is_quoted_for_those_who_do_not_know_quotes(anna: Person, cem: Person) -> None:
    said = anna.post()

    line = f'<p class="quote-inline">RE: <a href="{said["url"]}"'
    assert quote(cem, said)["content"].startswith(line)
    assert quote(cem, said, "")["content"].startswith(line)
    assert "quote-inline" not in quote(cem, said, f"Hier: {said['url']}")["content"]


def test_a_quote_alone_is_enough_and_may_have_a_poll(anna: Person, cem: Person) -> None:
    said = anna.post()
    poll = {"options": ["ja", "nein"], "expires_in": 300}

    assert quote(cem, said, "", poll=poll)["poll"]["options"][0]["title"] == "ja"
    assert cem.app.put(f"/api/v1/statuses/{quote(cem, said)['id']}", {"status": ""}).status_code == 200


def test_within_a_quote_another_is_only_named(anna: Person, bertha: Person, cem: Person) -> None:
    first = anna.post("eins")
    second = quote(bertha, first, "zwei")
    third = quote(cem, second, "drei")

    shown = seen_by(anna, third)["quote"]["quoted_status"]

    assert entity_faults("ShallowQuote", shown["quote"]) == []
    assert shown["quote"] == {"state": "accepted", "quoted_status_id": first["id"]}


def test_a_reblog_is_quoted_as_what_it_shows(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    boost = bertha.do("reblog", said)

    assert quote(cem, boost)["quote"]["quoted_status"]["id"] == said["id"]
    shown = seen_by(bertha, boost)
    assert (shown["quotes_count"], shown["reblog"]["quotes_count"]) == (1, 1)
    assert shown["quote_approval"] == {"automatic": [], "manual": [], "current_user": "denied"}


def test_a_reblog_of_a_quote_shows_it(anna: Person, bertha: Person, cem: Person) -> None:
    boost = bertha.do("reblog", quote(cem, anna.post()))

    assert boost["quote"] is None
    assert boost["reblog"]["quote"]["state"] == "accepted"


def test_a_repeated_request_quotes_once(anna: Person, cem: Person) -> None:
    said = anna.post()
    body = {"status": "Ja", "quoted_status_id": said["id"]}

    first, second = (cem.app.post("/api/v1/statuses", body, Idempotency_Key="k").json() for _ in range(2))

    assert first["id"] == second["id"] and second["quote"]["state"] == "accepted"
    assert count_seen_by(anna, said) == 1


def test_the_name_of_older_apps_works(anna: Person, cem: Person) -> None:
    assert cem.post("Ja", quote_id=anna.post()["id"])["quote"]["state"] == "accepted"


@pytest.mark.parametrize("bad", ["1", "-1", "9" * 40, "a\x00b", 2**63, 1.5, [1], {"a": 1}, True])
def test_unknown_ids_are_not_found(anna: Person, bad: Any) -> None:
    answer = anna.app.post("/api/v1/statuses", {"status": "Ah", "quoted_status_id": bad})
    assert answer.status_code == 404, answer.content
    assert not Status.objects.exists()


def test_what_is_for_followers_is_quoted_by_its_author_alone_and_for_followers(
    anna: Person, bertha: Person
) -> None:
    said = anna.post(visibility="private")

    assert try_to_quote(bertha, said) == 404
    assert quote(anna, said, visibility="public")["visibility"] == "private"
    assert quote(anna, said, "@bertha", visibility="direct")["visibility"] == "direct"


def test_what_is_direct_is_never_quoted(anna: Person, bertha: Person) -> None:
    said = anna.post("@bertha psst", visibility="direct")

    assert [try_to_quote(who, said) for who in (anna, bertha)] == [404, 404]
    assert approval(anna, said)[2] == "denied"


def test_a_direct_status_quotes_nobody_behind_their_back(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()

    assert try_to_quote(cem, said, status="@bertha sieh nur", visibility="direct") == 422
    assert try_to_quote(cem, said, status="@anna sieh nur", visibility="direct") == 200
    assert try_to_quote(anna, said, status="@bertha sieh nur", visibility="direct") == 200


def test_blocked_people_cannot_quote(anna: Person, cem: Person) -> None:
    said = anna.post()
    block(anna.account, cem.account)

    assert try_to_quote(cem, said) == 404


# Who may


@pytest.mark.parametrize(
    ("policy", "automatic", "follower", "stranger"),
    [
        ("public", ["public"], "automatic", "automatic"),
        ("followers", ["followers"], "automatic", "denied"),
        ("nobody", [], "denied", "denied"),
    ],
)
def test_the_policy_says_who_may_quote(
    anna: Person, bertha: Person, cem: Person, policy: str, automatic: list[str], follower: str, stranger: str
) -> None:
    said = anna.post(quote_approval_policy=policy)

    assert approval(anna, said) == (automatic, [], "automatic")
    for who, verdict in ((bertha, follower), (cem, stranger)):
        assert approval(who, said) == (automatic, [], verdict)
        assert try_to_quote(who, said) == (200 if verdict == "automatic" else 404)
    assert try_to_quote(anna, said) == 200


def test_nobody_in_particular_may_not_quote(anna: Person, anybody: Any) -> None:
    entity = anybody.get(f"/api/v1/statuses/{anna.post()['id']}").json()
    assert entity["quote_approval"] == {"automatic": ["public"], "manual": [], "current_user": "denied"}


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_open_has_no_policy_but_nobody(anna: Person, visibility: str) -> None:
    said = anna.post(visibility=visibility, quote_approval_policy="public")
    assert said["quote_approval"]["automatic"] == []


def test_the_account_has_a_usual_policy(anna: Person) -> None:
    source = {"source": {"quote_policy": "followers"}}
    assert anna.app.patch("/api/v1/accounts/update_credentials", source).status_code == 200

    assert anna.see("/api/v1/preferences")["posting:default:quote_policy"] == "followers"
    assert anna.see("/api/v1/accounts/verify_credentials")["source"]["quote_policy"] == "followers"
    assert anna.post()["quote_approval"]["automatic"] == ["followers"]
    assert anna.post(quote_approval_policy="public")["quote_approval"]["automatic"] == ["public"]


def test_remote_policies_are_shown_as_far_as_we_know_them(anna: Person, dora: Account) -> None:
    status = remote_status(dora)
    entity = {"id": str(status.pk)}
    for automatic, manual, verdict in (
        ([], [], "denied"),
        (["public"], [], "automatic"),
        ([], ["public"], "manual"),
        (["unsupported_policy"], [], "unknown"),
        (["following"], ["unsupported_policy"], "unknown"),
    ):
        Status.objects.filter(pk=status.pk).update(quote_automatic=automatic, quote_manual=manual)
        assert approval(anna, entity) == (automatic, manual, verdict)
    let_follow(dora, anna.account)
    assert approval(anna, entity)[2] == "automatic"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_the_policy_changes_without_an_edit(anna: Person, bertha: Person, method: str) -> None:
    said = anna.post()
    made = quote(bertha, said)

    path = f"/api/v1/statuses/{said['id']}/interaction_policy"
    answer = getattr(anna.app, method)(path, {"quote_approval_policy": "nobody"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["quote_approval"]["automatic"] == [] and answer.json()["edited_at"] is None
    assert try_to_quote(bertha, said) == 404
    assert quote_seen_by(bertha, made) == ("accepted", said["id"])
    assert anna.app.put(path).json()["quote_approval"]["automatic"] == ["public"]


def test_an_edit_may_change_the_policy_too(anna: Person) -> None:
    said = anna.post("Brot")
    path = f"/api/v1/statuses/{said['id']}"

    alone = anna.app.put(path, {"status": "Brot", "quote_approval_policy": "followers"}).json()
    assert alone["quote_approval"]["automatic"] == ["followers"] and alone["edited_at"] is None

    both = anna.app.put(path, {"status": "Kuchen", "quote_approval_policy": "nobody"}).json()
    assert both["quote_approval"]["automatic"] == [] and both["edited_at"] is not None
    assert anna.app.put(path, {"status": "Tee"}).json()["quote_approval"]["automatic"] == []


@pytest.mark.parametrize("bad", ["friends", "a\x00", "x" * 70_000])
def test_an_unknown_policy_is_refused(anna: Person, bad: str) -> None:
    said, fields = anna.post(), {"quote_approval_policy": bad}

    for answer in (
        anna.app.post("/api/v1/statuses", {"status": "Ah", **fields}),
        anna.app.put(f"/api/v1/statuses/{said['id']}", fields),
        anna.app.put(f"/api/v1/statuses/{said['id']}/interaction_policy", fields),
    ):
        assert answer.status_code == 422, answer.content
    assert approval(anna, said)[0] == ["public"]


def test_only_the_author_says_who_may_quote(anna: Person, bertha: Person) -> None:
    said = anna.post()
    boost = bertha.do("reblog", said)

    def change(who: Person, status: dict[str, Any]) -> int:
        path = f"/api/v1/statuses/{status['id']}/interaction_policy"
        return int(who.app.put(path, {"quote_approval_policy": "nobody"}).status_code)

    assert change(bertha, said) == 404
    assert change(bertha, boost) == 422


# What others see


def test_what_a_reader_must_not_see_stays_hidden(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(bertha, said)

    block(anna.account, cem.account)
    assert quote_seen_by(cem, made) == ("unauthorized", None)
    assert quote_seen_by(bertha, made) == ("accepted", said["id"])

    Account.objects.filter(pk=anna.account.pk).update(suspended_at=anna.account.created_at)
    assert quote_seen_by(bertha, made) == ("unauthorized", None)


def test_what_a_reader_does_not_want_to_see_is_folded(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(bertha, said)

    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/mute")
    assert quote_seen_by(cem, made) == ("muted_account", said["id"])
    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/block")
    assert quote_seen_by(cem, made) == ("blocked_account", said["id"])


def test_quotes_from_blocked_servers_are_folded(anna: Person, bertha: Person, dora: Account) -> None:
    status, made = remote_status(dora), quote(bertha, anna.post())
    Quote.objects.filter(status=made["id"]).update(quoted=status)
    anna.app.post("/api/v1/domain_blocks", {"domain": dora.domain})

    assert quote_seen_by(anna, made) == ("blocked_domain", str(status.pk))


@pytest.mark.parametrize("state", ["pending", "rejected", "revoked", "deleted"])
def test_without_consent_nothing_is_shown(anna: Person, cem: Person, state: str) -> None:
    made = quote(cem, anna.post())
    Quote.objects.update(state=state)

    assert quote_seen_by(anna, made) == (state, None)
    Quote.objects.update(legacy=True)
    assert seen_by(anna, made)["quote"] is None


def test_the_history_names_the_quote(anna: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(cem, said)
    cem.app.put(f"/api/v1/statuses/{made['id']}", {"status": "Doch nicht"})

    versions = anna.see(f"/api/v1/statuses/{made['id']}/history")

    assert [entity_faults("StatusEdit", version) for version in versions] == [[], []]
    named = {"state": "accepted", "quoted_status_id": said["id"]}
    assert [version["quote"] for version in versions] == [named, named]


# Edits


def test_a_quote_survives_edits_and_cannot_change(anna: Person, cem: Person) -> None:
    said, other = anna.post("eins"), anna.post("zwei")
    made = quote(cem, said)

    body = {"status": "Doch nicht", "quoted_status_id": other["id"]}
    edited = cem.app.put(f"/api/v1/statuses/{made['id']}", body).json()

    assert edited["quote"]["quoted_status"]["id"] == said["id"]
    assert edited["content"].startswith('<p class="quote-inline">')
    assert count_seen_by(anna, other) == 0


def test_who_quotes_hears_of_edits(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    quote(bertha, said, "eins")
    latest = quote(bertha, said, "zwei")
    muting = quote(cem, said)
    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/mute")
    quote(anna, said)

    anna.app.put(f"/api/v1/statuses/{said['id']}", {"status": "Anders"})

    assert bertha.told(**{"types[]": ["quoted_update"]}) == [("quoted_update", "anna")]
    told = bertha.see("/api/v1/notifications", **{"types[]": ["quoted_update"]})[0]
    assert entity_faults("Notification", told) == []
    assert told["status"]["id"] == latest["id"]
    assert bertha.see("/api/v2/notifications", **{"types[]": ["quoted_update"]})["notification_groups"]
    assert cem.told(**{"types[]": ["quoted_update"]}) == [] and muting
    assert anna.told(**{"types[]": ["quoted_update"]}) == []


# Notifications


def test_the_quoted_author_is_told(anna: Person, cem: Person) -> None:
    made = quote(cem, anna.post())

    (told,) = anna.see("/api/v1/notifications", **{"types[]": ["quote"]})
    assert entity_faults("Notification", told) == []
    assert (told["type"], told["status"]["id"]) == ("quote", made["id"])
    (group,) = anna.see("/api/v2/notifications")["notification_groups"]
    assert (group["type"], group["status_id"]) == ("quote", made["id"])
    assert anna.told(**{"exclude_types[]": ["quote"]}) == []


def test_own_quotes_tell_nobody(anna: Person) -> None:
    quote(anna, anna.post())
    assert anna.told() == []


def test_the_policy_of_notifications_holds_quotes_back(anna: Person, cem: Person) -> None:
    anna.app.patch("/api/v2/notifications/policy", {"for_not_following": "filter"})

    quote(cem, anna.post())

    assert anna.told() == []
    (request,) = anna.see("/api/v1/notifications/requests")
    assert request["account"]["acct"] == "cem"


# Withdrawing


def test_the_quoted_author_withdraws(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(cem, said)

    answer = revoke(anna, said, made)

    assert answer.status_code == 200, answer.content
    assert entity_faults("AuthenticatedStatus", answer.json()) == []
    assert answer.json()["quote"] == {"state": "revoked", "quoted_status": None}
    assert quote_seen_by(bertha, made) == ("revoked", None)
    assert count_seen_by(anna, said) == 0
    assert anna.told(**{"types[]": ["quote"]}) == []
    assert revoke(anna, said, made).status_code == 200
    assert count_seen_by(anna, said) == 0


def test_only_the_quoted_author_withdraws(anna: Person, bertha: Person, cem: Person) -> None:
    said, other = anna.post(), anna.post()
    made = quote(cem, said)

    assert revoke(bertha, said, made).status_code == 403
    assert revoke(cem, said, made).status_code == 403
    assert revoke(anna, other, made).status_code == 404
    for bad in ("0", "9" * 40, "x"):
        assert revoke(anna, said, {"id": bad}).status_code == 404
        assert revoke(anna, {"id": bad}, made).status_code == 404
    assert quote_seen_by(anna, made)[0] == "accepted"


def test_whoever_blocks_the_author_loses_consent_all_the_same(anna: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(cem, said)
    block(cem.account, anna.account)

    assert revoke(anna, said, made).status_code == 200
    assert quote_seen_by(cem, made) == ("revoked", None)


# Gone


def test_a_deleted_status_leaves_an_empty_place(anna: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(cem, said)

    anna.app.delete(f"/api/v1/statuses/{said['id']}")

    assert quote_seen_by(cem, made) == ("deleted", None)
    Status.objects.filter(pk=said["id"]).delete()
    assert quote_seen_by(cem, made) == ("deleted", None)


def test_a_deleted_quote_counts_no_more(anna: Person, cem: Person) -> None:
    said = anna.post()
    made = quote(cem, said)

    gone = cem.app.delete(f"/api/v1/statuses/{made['id']}").json()

    assert entity_faults("DeletedStatus", gone) == []
    assert gone["text"] == "Sehr wahr" and gone["quote"]["quoted_status"]["id"] == said["id"]
    assert count_seen_by(anna, said) == 0
    assert anna.told() == []
    assert not Notification.objects.exists()


def test_with_an_account_go_its_quotes_and_what_was_quoted(anna: Person, dora: Account) -> None:
    said, made, theirs = anna.post(), quote(anna, anna.post()), remote_status(dora)
    Quote.objects.create(status=theirs, quoted_id=int(said["id"]), state="accepted")
    Status.objects.filter(pk=said["id"]).update(quotes_count=1)
    Quote.objects.filter(status=made["id"]).update(quoted=theirs)

    delete_account(dora)

    assert count_seen_by(anna, said) == 0
    assert quote_seen_by(anna, made) == ("deleted", None)


# The list


def test_the_quotes_of_a_status_are_listed(anna: Person, bertha: Person, cem: Person) -> None:
    said = anna.post()
    made = [quote(bertha, said, f"{number}") for number in range(3)]
    quote(bertha, said, visibility="private")
    revoke(anna, said, quote(cem, said))
    path = f"/api/v1/statuses/{said['id']}/quotes"

    first = cem.app.get(path, {"limit": 2})

    assert [entry["id"] for entry in first.json()] == [made[2]["id"], made[1]["id"]]
    assert [entity_faults("AuthenticatedStatus", entry) for entry in first.json()] == [[], []]
    links = first["Link"]
    assert 'rel="next"' in links and "since_id" in links
    cursor = links.partition("max_id=")[2].partition(">")[0]
    assert [entry["id"] for entry in cem.see(path, limit=2, max_id=cursor)] == [made[0]["id"]]
    assert cem.see(path, since_id=Quote.objects.get(status=made[1]["id"]).pk)[0]["id"] == made[2]["id"]


def test_the_list_of_something_invisible_is_not_found(anna: Person, cem: Person) -> None:
    said = anna.post(visibility="private")
    assert cem.app.get(f"/api/v1/statuses/{said['id']}/quotes").status_code == 404
    assert cem.app.get("/api/v1/statuses/x/quotes").status_code == 404


# Doors


def test_the_doors_ask_for_their_scopes(anna: Person, cem: Person, anybody: Any) -> None:
    said = anna.post()
    made = quote(cem, said)
    reading, writing = (api_client(anna.account, scope) for scope in ("read:statuses", "write:statuses"))
    paths = (f"quotes/{made['id']}/revoke", "interaction_policy")
    first, second = (f"/api/v1/statuses/{said['id']}/{path}" for path in paths)
    listing = f"/api/v1/statuses/{said['id']}/quotes"

    assert [app.get(listing).status_code for app in (anybody, writing, reading)] == [401, 403, 200]
    assert [app.put(second).status_code for app in (anybody, reading, writing)] == [401, 403, 200]
    assert [app.post(first).status_code for app in (anybody, reading, writing)] == [401, 403, 200]


def test_many_quotes_cost_as_many_queries_as_few(anna: Person, cem: Person) -> None:
    followed = [person(f"freund{number}") for number in range(6)]
    for friend in followed:
        said = friend.post(quote_approval_policy="followers")
        quote(friend, quote(friend, said))
    path = "/api/v1/timelines/public"

    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(cem.see(path, limit=limit)) == limit
        return len(captured)

    cost(18)
    assert cost(3) == cost(18)


# Later


def test_a_scheduled_status_quotes_when_its_time_has_come(anna: Person, cem: Person) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from timelines.models import ScheduledStatus
    from timelines.scheduled import publish_scheduled

    said = anna.post()
    body = {"quoted_status_id": said["id"], "quote_approval_policy": "nobody"}
    answer = cem.app.post("/api/v1/statuses", {**body, "scheduled_at": "2099-12-24T12:00:00Z"})
    assert answer.status_code == 200, answer.content
    waiting = answer.json()
    assert entity_faults("ScheduledStatus", waiting) == []
    assert waiting["params"] | body == waiting["params"]

    ScheduledStatus.objects.update(scheduled_at=timezone.now() - timedelta(seconds=1))
    publish_scheduled(scheduled_id=int(waiting["id"]))

    (made,) = cem.see(f"/api/v1/accounts/{cem.account.pk}/statuses")
    assert made["quote"]["quoted_status"]["id"] == said["id"]
    assert made["quote_approval"]["automatic"] == []


def test_what_must_not_be_quoted_is_not_scheduled(anna: Person, cem: Person) -> None:
    said = anna.post(quote_approval_policy="nobody")
    assert try_to_quote(cem, said, scheduled_at="2099-12-24T12:00:00Z") == 404
