"""Quotes between servers: consent is asked for, given, proven, refused and taken back, both ways."""

from typing import Any

import pytest
from django.core.cache import cache

from accounts import relationships
from accounts.models import Account
from federation.vocab import PUBLIC
from tests.cast import api_client
from tests.loopback import answer
from tests.peer import Document, Person, verdicts
from timelines.models import Notification, Quote, Status
from timelines.quotes import revoke_quote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anna_and_dora_follow_each_other(anna: Account, dora: Person) -> None:
    for follower, target in ((anna, dora.account()), (dora.account(), anna)):
        relationships.accept_follow(relationships.follow(follower, target))


def says(account: Account, text: str = "Brot", **fields: Any) -> Status:
    answer = api_client(account).post("/api/v1/statuses", {"status": text, **fields})
    assert answer.status_code == 200, answer.content
    return Status.objects.get(pk=answer.json()["id"])


def open_note(dora: Person, **changes: Any) -> Document:
    """Let somebody publish what anybody may quote."""
    policy = {"canQuote": {"automaticApproval": [PUBLIC]}}
    return dora.serve(dora.posts("<p>Kuchen</p>", **{"interactionPolicy": policy, **changes}))


def entity(account: Account, status: Status) -> dict[str, Any]:
    found: dict[str, Any] = api_client(account).get(f"/api/v1/statuses/{status.pk}").json()
    return found


def state(account: Account, note: Document) -> str | None:
    """Return the state of the quote of a remote note as an app gets it."""
    quote = entity(account, Status.objects.get(uri=note["id"]))["quote"]
    return quote and quote["state"]


def stamp_for(author: Person, quoted: Document, quoting_uri: str, **changes: Any) -> Document:
    """Return the consent of a remote author to a quote."""
    return {
        "id": f"{author.uri}/stamps/1",
        "type": "QuoteAuthorization",
        "attributedTo": author.uri,
        "interactingObject": quoting_uri,
        "interactionTarget": quoted["id"],
        **changes,
    }


def asks(emil: Person, status: Status, *, policy: dict[str, Any] | None = None, **changes: Any) -> Document:
    """Ask to quote one of ours, and return the note that quotes."""
    note = emil.serve(emil.note("<p>Sehr wahr</p>", quote=status.uri, **changes))
    emil.does("QuoteRequest", status.uri, instrument=note, **(policy or {}))
    return note


def answers(asker: Person, kind: str) -> list[Document]:
    """Return what we answered to requests for quotes."""
    return [sent for sent in asker.inbox(kind) if sent["object"]["type"] == "QuoteRequest"]


# We quote


def test_a_remote_author_is_asked_and_agrees(anna: Account, dora: Person) -> None:
    note = open_note(dora)
    quoted = Status.objects.get(uri=note["id"])
    quoting = says(anna, "Sehr wahr", quoted_status_id=str(quoted.pk))
    dora.run_jobs()

    assert entity(anna, quoting)["quote"] == {"state": "pending", "quoted_status": None}
    [create], [request] = dora.inbox("Create"), dora.inbox("QuoteRequest")
    for shown in (create["object"], request["instrument"]):
        assert [shown[name] for name in ("quote", "_misskey_quote", "quoteUri")] == [note["id"]] * 3
        assert "quoteAuthorization" not in shown and "quote-inline" in shown["content"]
    assert (request["actor"], request["object"]) == (anna.uri, note["id"])
    assert request["id"].startswith(f"{anna.uri}/quote_requests/")

    dora.does("Accept", request, result=f"{dora.uri}/stamps/1")

    shown = entity(anna, quoting)["quote"]
    assert (shown["state"], shown["quoted_status"]["id"]) == ("accepted", str(quoted.pk))
    assert dora.inbox("Update")[-1]["object"]["quoteAuthorization"] == f"{dora.uri}/stamps/1"
    assert "updated" not in dora.inbox("Update")[-1]["object"]
    quoted.refresh_from_db()
    assert quoted.quotes_count == 1
    dora.does("Accept", request, result=f"{dora.uri}/stamps/1")
    quoted.refresh_from_db()
    assert quoted.quotes_count == 1


@pytest.mark.parametrize("form", ["whole", "id", "by nature"])
def test_a_remote_author_refuses(anna: Account, dora: Person, form: str) -> None:
    quoting = says(anna, quoted_status_id=str(Status.objects.get(uri=open_note(dora)["id"]).pk))
    dora.run_jobs()
    [request] = dora.inbox("QuoteRequest")
    named = {"type": "QuoteRequest", "object": request["object"], "instrument": quoting.uri}

    dora.does("Reject", {"whole": request, "id": request["id"], "by nature": named}[form])

    assert entity(anna, quoting)["quote"]["state"] == "rejected"
    dora.does("Accept", request, result=f"{dora.uri}/stamps/1")
    assert entity(anna, quoting)["quote"]["state"] == "rejected"


def test_only_the_quoted_author_answers(anna: Account, dora: Person, emil: Person) -> None:
    quoting = says(anna, quoted_status_id=str(Status.objects.get(uri=open_note(dora)["id"]).pk))
    dora.run_jobs()
    [request] = dora.inbox("QuoteRequest")

    emil.does("Accept", request, result=f"{emil.uri}/stamps/1")
    emil.does("Reject", request)
    for result in ("https://evil.example/stamps/1", None, 7, "x"):
        dora.does("Accept", request, result=result)

    assert entity(anna, quoting)["quote"]["state"] == "pending"


def test_a_remote_author_takes_consent_back(anna: Account, dora: Person, emil: Person) -> None:
    quoted = Status.objects.get(uri=open_note(dora)["id"])
    quoting = says(anna, quoted_status_id=str(quoted.pk))
    dora.run_jobs()
    stamp = {"id": f"{dora.uri}/stamps/1", "type": "QuoteAuthorization"}
    dora.does("Accept", dora.inbox("QuoteRequest")[0], result=stamp["id"])

    emil.does("Delete", stamp)
    assert entity(anna, quoting)["quote"]["state"] == "accepted"
    dora.does("Delete", stamp["id"])

    assert entity(anna, quoting)["quote"]["state"] == "revoked"
    assert "quoteAuthorization" not in dora.inbox("Update")[-1]["object"]
    quoted.refresh_from_db()
    assert quoted.quotes_count == 0


def test_the_quoted_author_hears_of_the_end(anna: Account, dora: Person) -> None:
    relationships.unfollow(dora.account(), anna)
    quoting = says(anna, quoted_status_id=str(Status.objects.get(uri=open_note(dora)["id"]).pk))
    dora.run_jobs()

    api_client(anna).delete(f"/api/v1/statuses/{quoting.pk}")
    dora.run_jobs()

    assert [sent["object"]["id"] for sent in dora.inbox("Delete")] == [quoting.uri]
    dora.does("Accept", dora.inbox("QuoteRequest")[0], result=f"{dora.uri}/stamps/1")
    assert not Quote.objects.exists()


def test_what_is_gone_is_told_as_gone(anna: Account, dora: Person) -> None:
    note = open_note(dora)
    quoting = says(anna, quoted_status_id=str(Status.objects.get(uri=note["id"]).pk))
    dora.does("Delete", {"id": note["id"], "type": "Tombstone"})

    assert entity(anna, quoting)["quote"] == {"state": "deleted", "quoted_status": None}
    api_client(anna).put(f"/api/v1/statuses/{quoting.pk}", {"status": "Anders"})
    dora.run_jobs()
    assert dora.inbox("Update")[-1]["object"]["quote"] == {"type": "Tombstone"}


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        ({"automaticApproval": "as:Public"}, "automatic"),
        ({"automaticApproval": ["{followers}"]}, "automatic"),
        ({"automaticApproval": ["{following}"], "manualApproval": PUBLIC}, "automatic"),
        ({"manualApproval": ["{followers}"]}, "manual"),
        ({"always": [PUBLIC]}, "automatic"),
        ({"approvalRequired": [PUBLIC]}, "manual"),
        ({"automaticApproval": ["https://elsewhere.example/group"]}, "unknown"),
        ({"automaticApproval": ["{author}"]}, "denied"),
        ({}, "denied"),
        ([7], "denied"),
        ({"automaticApproval": {"a": 1}, "manualApproval": [None, 5]}, "denied"),
    ],
)
def test_remote_policies_are_understood(anna: Account, dora: Person, policy: Any, verdict: str) -> None:
    places = {"followers": dora.followers, "following": f"{dora.uri}/following", "author": dora.uri}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(item) for item in value]
        return value.format(**places) if isinstance(value, str) else value

    rules = {key: filled(value) for key, value in policy.items()} if isinstance(policy, dict) else policy
    note = dora.posts(interactionPolicy={"canQuote": rules})

    shown = entity(anna, Status.objects.get(uri=note["id"]))["quote_approval"]
    assert shown["current_user"] == verdict


def test_a_policy_changes_without_an_edit(anna: Account, dora: Person) -> None:
    note = dora.posts()
    status = Status.objects.get(uri=note["id"])
    assert entity(anna, status)["quote_approval"]["current_user"] == "denied"

    dora.does("Update", note | {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}})

    assert entity(anna, status)["quote_approval"]["current_user"] == "automatic"
    assert entity(anna, status)["edited_at"] is None


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("public", [PUBLIC]), ("followers", ["{actor}/followers"]), ("nobody", ["{actor}"])],
)
def test_our_policy_is_told(anna: Account, dora: Person, policy: str, expected: list[str]) -> None:
    status = says(anna, quote_approval_policy=policy)
    dora.run_jobs()

    wanted = {"canQuote": {"automaticApproval": [value.format(actor=anna.uri) for value in expected]}}
    assert dora.inbox("Create")[0]["object"]["interactionPolicy"] == wanted

    path = f"/api/v1/statuses/{status.pk}/interaction_policy"
    other = "nobody" if policy == "public" else "public"
    assert api_client(anna).put(path, {"quote_approval_policy": other}).status_code == 200
    dora.run_jobs()
    [update] = dora.inbox("Update")
    assert update["object"]["interactionPolicy"] != wanted and "updated" not in update["object"]


# We are quoted


def test_who_asks_gets_a_stamp(anna: Account, dora: Person, emil: Person) -> None:
    status = says(anna)
    note = asks(emil, status)

    [accept] = answers(emil, "Accept")
    assert accept["object"]["instrument"] == note["id"] and accept["object"]["object"] == status.uri
    assert accept["object"]["actor"] == emil.uri and accept["to"] == [emil.uri]
    assert accept["result"].startswith(f"{anna.uri}/quote_authorizations/")
    assert state(anna, note) == "accepted"
    assert Notification.objects.get(account=anna, type="quote").status.uri == note["id"]

    answer = stamp_at(accept["result"])
    assert answer.status_code == 200
    stamp = answer.json()
    del stamp["@context"]
    assert stamp == {
        "id": accept["result"],
        "type": "QuoteAuthorization",
        "attributedTo": anna.uri,
        "interactingObject": note["id"],
        "interactionTarget": status.uri,
    }


def stamp_at(uri: str) -> Any:
    from django.conf import settings
    from django.test import Client

    client = Client(SERVER_NAME=settings.WEB_DOMAIN, headers={"Accept": "application/activity+json"})
    return client.get(uri.removeprefix(settings.BASE_URL), secure=True)


def test_the_same_question_gets_the_same_answer(anna: Account, emil: Person) -> None:
    status = says(anna)
    note = asks(emil, status)
    emil.does("QuoteRequest", status.uri, instrument=note["id"])
    emil.does("Create", note)

    first, second = answers(emil, "Accept")
    assert first["result"] == second["result"]
    status.refresh_from_db()
    assert status.quotes_count == 1
    assert Notification.objects.filter(type="quote").count() == 1


def test_the_post_may_come_before_the_question(anna: Account, dora: Person) -> None:
    status = says(anna)
    note = dora.posts("<p>Ja</p>", quote=status.uri)
    assert state(anna, note) == "pending"

    dora.does("QuoteRequest", status.uri, instrument=note)
    assert state(anna, note) == "accepted"
    stamp = answers(dora, "Accept")[0]["result"]
    dora.does("Update", note | {"quoteAuthorization": stamp})
    dora.does("Update", note)
    assert state(anna, note) == "accepted"


@pytest.mark.parametrize("policy", ["followers", "nobody"])
def test_who_may_not_is_refused(anna: Account, emil: Person, policy: str) -> None:
    status = says(anna, quote_approval_policy=policy)
    note = asks(emil, status)

    assert answers(emil, "Accept") == []
    [reject] = answers(emil, "Reject")
    assert reject["object"]["instrument"] == note["id"] and "result" not in reject
    assert not Status.objects.filter(uri=note["id"]).exists()


def test_followers_may_where_they_may(anna: Account, dora: Person) -> None:
    note = asks(dora, says(anna, quote_approval_policy="followers"))
    assert state(anna, note) == "accepted"


def test_the_blocked_are_refused(anna: Account, emil: Person) -> None:
    status = says(anna)
    relationships.block(anna, emil.account())
    asks(emil, status)
    assert (answers(emil, "Accept"), len(answers(emil, "Reject"))) == ([], 1)


def test_only_open_statuses_of_ours_can_be_asked_for(anna: Account, dora: Person) -> None:
    private = says(anna, visibility="private")
    asks(dora, private)
    dora.does("QuoteRequest", "https://elsewhere.example/1", instrument=dora.note())
    dora.does("QuoteRequest", None, instrument=dora.note())

    assert answers(dora, "Accept") + answers(dora, "Reject") == []
    assert not Quote.objects.exists()


def test_forged_questions_are_dropped(anna: Account, dora: Person, emil: Person) -> None:
    status = says(anna)
    victim = emil.serve(emil.note(quote=status.uri))
    elsewhere = {**dora.note(quote=status.uri), "id": "https://victim.example/1"}
    other = dora.serve(dora.note(quote="https://elsewhere.example/1"))

    for instrument in (victim, victim["id"], elsewhere, other, None, 7, {"id": [3]}, []):
        dora.does("QuoteRequest", status.uri, instrument=instrument)
    for bad in ({"id": "https://victim.example/q"}, {"id": None}):
        dora.does("QuoteRequest", status.uri, instrument=dora.note(quote=status.uri), **bad)

    assert answers(dora, "Accept") == []
    assert not Quote.objects.filter(state="accepted").exists()
    assert all(result != "failed" for result, _reason in verdicts())


def test_we_take_consent_back(anna: Account, dora: Person, emil: Person) -> None:
    status = says(anna)
    note = asks(emil, status)
    uri = answers(emil, "Accept")[0]["result"]

    revoke_quote(anna, status, Status.objects.get(uri=note["id"]).pk)
    emil.run_jobs()

    assert state(anna, note) == "revoked"
    [delete] = emil.inbox("Delete")
    assert delete["object"]["id"] == uri and delete["object"]["interactingObject"] == note["id"]
    assert stamp_at(uri).status_code == 404
    emil.does("QuoteRequest", status.uri, instrument=note)
    assert state(anna, note) == "revoked" and len(answers(emil, "Reject")) == 1


def test_a_stamp_between_two_of_ours_is_served(anna: Account, dora: Person) -> None:
    from tests.cast import make_account

    status = says(make_account("bertha"))
    quoting = says(anna, quoted_status_id=str(status.pk))
    dora.run_jobs()

    uri = dora.inbox("Create")[0]["object"]["quoteAuthorization"]
    assert stamp_at(uri).json()["interactingObject"] == quoting.uri
    for wrong in (uri.replace("bertha", "anna"), f"{uri}0", f"{uri[:40]}"):
        assert stamp_at(wrong).status_code == 404


# Others quote others


def test_a_stamp_proves_consent(anna: Account, dora: Person, emil: Person) -> None:
    quoted = emil.serve(emil.note("<p>Kuchen</p>"))
    note = dora.note(quote=quoted["id"], quoteAuthorization=f"{emil.uri}/stamps/1")
    emil.serve(stamp_for(emil, quoted, note["id"]))

    dora.does("Create", note)

    shown = entity(anna, Status.objects.get(uri=note["id"]))["quote"]
    assert (shown["state"], shown["quoted_status"]["content"]) == ("accepted", "<p>Kuchen</p>")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Note"},
        {"attributedTo": "{dora}"},
        {"interactingObject": "https://elsewhere.example/1"},
        {"interactionTarget": "https://elsewhere.example/1"},
        {"interactionTarget": None},
    ],
)
def test_a_stamp_for_something_else_proves_nothing(
    anna: Account, dora: Person, emil: Person, changes: dict[str, Any]
) -> None:
    quoted = emil.serve(emil.note())
    note = dora.note(quote=quoted["id"], quoteAuthorization=f"{emil.uri}/stamps/1")
    filled = {key: value and value.format(dora=dora.uri) for key, value in changes.items()}
    emil.serve(stamp_for(emil, quoted, note["id"], **filled))

    dora.does("Create", note)

    assert state(anna, note) == "pending"


def test_a_stamp_of_ones_own_server_proves_nothing(anna: Account, dora: Person, emil: Person) -> None:
    quoted = emil.serve(emil.note())
    note = dora.note(quote=quoted["id"], quoteAuthorization=f"{dora.uri}/stamps/1")
    dora.serve(stamp_for(emil, quoted, note["id"], id=f"{dora.uri}/stamps/1"))
    dora.does("Create", note)
    assert state(anna, note) == "pending"


def test_one_may_quote_oneself(anna: Account, dora: Person) -> None:
    known, unknown = dora.posts(), dora.serve(dora.note())
    assert state(anna, dora.posts(quote=known["id"])) == "accepted"
    assert state(anna, dora.posts(quote=unknown["id"])) == "accepted"


@pytest.mark.parametrize("key", ["_misskey_quote", "_misksey_quote", "quoteUrl", "quoteUri"])
def test_quotes_without_consent_are_not_shown(anna: Account, dora: Person, emil: Person, key: str) -> None:
    quoted = emil.serve(emil.note())
    note = dora.posts(**{key: quoted["id"]})

    assert state(anna, note) is None
    assert Quote.objects.get().legacy and Quote.objects.get().quoted.uri == quoted["id"]


def test_a_link_among_the_tags_is_a_quote_without_consent(anna: Account, dora: Person, emil: Person) -> None:
    quoted = emil.serve(emil.note())
    link = {"type": "Link", "mediaType": "application/activity+json", "href": quoted["id"], "name": "RE: x"}
    note = dora.posts(tag=[None, link])

    assert state(anna, note) is None
    assert Quote.objects.get().quoted_uri == quoted["id"]


def test_a_deleted_post_is_shown_as_deleted(anna: Account, dora: Person) -> None:
    assert state(anna, dora.posts(quote={"type": "Tombstone"})) == "deleted"


@pytest.mark.parametrize("odd", [7, [], {}, "x", ["a", "b"], {"id": 4}, {"type": ["Tombstone"]}, "http://"])
def test_odd_quotes_break_nothing(anna: Account, dora: Person, odd: Any) -> None:
    note = dora.posts(quote=odd, quoteAuthorization=odd, quoteUrl=odd, interactionPolicy=odd)
    assert state(anna, note) in (None, "deleted")


def test_consent_may_come_later_and_go(anna: Account, dora: Person, emil: Person) -> None:
    quoted = emil.serve(emil.note())
    note = dora.posts(quote=quoted["id"])
    assert state(anna, note) == "pending"

    stamped = note | {"quoteAuthorization": f"{emil.uri}/stamps/1"}
    emil.serve(stamp_for(emil, quoted, note["id"]))
    dora.does("Update", stamped)
    assert state(anna, note) == "accepted"

    dora.does("Update", note)
    assert state(anna, note) == "revoked"


def test_an_author_elsewhere_takes_consent_to_others_back(anna: Account, dora: Person, emil: Person) -> None:
    quoted = emil.serve(emil.note())
    note = dora.note(quote=quoted["id"], quoteAuthorization=f"{emil.uri}/stamps/1")
    stamp = emil.serve(stamp_for(emil, quoted, note["id"]))
    dora.does("Create", note)

    emil.does("Delete", stamp)

    assert state(anna, note) == "revoked"


def test_an_edit_may_quote_something_else(anna: Account, dora: Person) -> None:
    first, second = dora.posts("<p>eins</p>"), dora.posts("<p>zwei</p>")
    note = dora.posts(quote=first["id"])

    later = {"quote": second["id"], "updated": "2099-01-01T00:00:00Z"}
    dora.does("Update", note | later)

    shown = entity(anna, Status.objects.get(uri=note["id"]))
    assert shown["quote"]["quoted_status"]["content"] == "<p>zwei</p>" and shown["edited_at"]
    counts = [Status.objects.get(uri=uri["id"]).quotes_count for uri in (first, second)]
    assert counts == [0, 1]


def test_chains_of_quotes_end(anna: Account, dora: Person) -> None:
    notes = [dora.note(f"<p>{number}</p>") for number in range(6)]
    for number, note in enumerate(notes):
        if number:
            note["quote"] = notes[number - 1]["id"]
        dora.serve(note)

    dora.does("Create", notes[5])

    assert Status.objects.filter(is_local=False).count() == 3
    assert state(anna, notes[5]) == "accepted"


def test_what_is_quoted_may_come_later(anna: Account, dora: Person) -> None:
    quoted = dora.note()
    note = dora.posts(quote=quoted["id"])
    assert state(anna, note) == "pending"

    dora.does("Create", quoted)
    assert state(anna, note) == "accepted"


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ({"interactingObject": "https://elsewhere.example/1"}, "revoked"),
        (404, "revoked"),
        (410, "revoked"),
        (403, "accepted"),
        (500, "accepted"),
        ({}, "accepted"),
    ],
)
def test_a_stamp_is_looked_at_anew_when_somebody_looks(
    anna: Account, dora: Person, emil: Person, answered: Any, expected: str
) -> None:
    quoted = emil.serve(emil.note())
    note = dora.note(quote=quoted["id"], quoteAuthorization=f"{emil.uri}/stamps/1")
    stamp = emil.serve(stamp_for(emil, quoted, note["id"]))
    dora.does("Create", note)
    if isinstance(answered, int):
        emil.peer.add("/users/emil/stamps/1", answer(status=answered))
    else:
        emil.serve(stamp | answered)

    asked = emil.peer.targets().count("/users/emil/stamps/1")
    assert state(anna, note) == "accepted"
    dora.run_jobs()
    assert emil.peer.targets().count("/users/emil/stamps/1") == asked
    # A day later.
    cache.clear()
    assert state(anna, note) == "accepted"
    dora.run_jobs()
    assert state(anna, note) == expected
    dora.run_jobs()
    assert emil.peer.targets().count("/users/emil/stamps/1") == asked + 1
