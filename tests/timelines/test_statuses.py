"""Publishing: what an app sends, what everybody gets, and what is refused."""

from typing import Any

import pytest
import time_machine
from django.conf import settings

from accounts.models import Account
from accounts.relationships import block
from federation.models import OutboundActivity
from tests.cast import ApiClient, api_client, app_token
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person
from timelines.models import Mention, Status
from timelines.statuses import forget_idempotency_keys

pytestmark = pytest.mark.django_db


def refused(answer: Any, status: int) -> str:
    """Return the text of a refusal."""
    assert answer.status_code == status, answer.content
    return answer.json()["error"]


def test_a_status_is_what_the_contract_says(anna: Person, anybody: ApiClient) -> None:
    status = anna.post("Hallo #Welt, mehr auf https://example.org/seite")

    assert entity_faults("AuthenticatedStatus", status) == []
    assert status["uri"] == f"{settings.BASE_URL}/users/anna/statuses/{status['id']}"
    assert status["url"] == f"{settings.BASE_URL}/@anna/{status['id']}"
    assert status["visibility"] == "public"
    assert status["language"] == "de"
    assert status["application"] == {"name": "Test app", "website": "https://app.example"}
    assert status["tags"] == [{"name": "welt", "url": f"{settings.BASE_URL}/tags/welt"}]
    assert f'href="{settings.BASE_URL}/tags/welt"' in status["content"]
    assert status["pinned"] is False

    public = anybody.get(f"/api/v1/statuses/{status['id']}").json()
    assert entity_faults("Status", public) == []
    told_to_people_only = {
        "favourited",
        "reblogged",
        "muted",
        "bookmarked",
        "filtered",
        "pinned",
        "application",
    }
    assert not told_to_people_only & public.keys()


def test_publishing_counts_for_the_account(anna: Person) -> None:
    anna.post()
    anna.post("leise", visibility="direct")

    anna.account.refresh_from_db()
    assert anna.account.statuses_count == 1
    assert anna.account.last_status_at is not None


def test_a_mention_links_to_whom_it_names_and_tells_them(anna: Person, cem: Person) -> None:
    status = anna.post("Hallo @cem und @niemand")

    assert [mention["acct"] for mention in status["mentions"]] == ["cem"]
    assert f'href="{status["mentions"][0]["url"]}"' in status["content"]
    assert "@niemand" in status["content"]
    assert cem.told() == [("mention", "anna")]


def test_a_handle_whose_server_is_not_in_reach_stays_text(anna: Person) -> None:
    status = anna.post("Hallo @wer@nirgends.example")

    assert status["mentions"] == []
    assert "@wer@nirgends.example" in status["content"]


def test_a_mention_of_a_known_remote_account_is_sent_there(anna: Person, dora: Account) -> None:
    status = anna.post("Hallo @dora@elsewhere.example", visibility="direct")

    assert [mention["acct"] for mention in status["mentions"]] == ["dora@elsewhere.example"]
    assert list(OutboundActivity.objects.values_list("deliveries__inbox_url", flat=True)) == [
        dora.shared_inbox_url
    ]


def test_who_blocks_the_author_cannot_be_mentioned(anna: Person, cem: Person) -> None:
    block(cem.account, anna.account)

    status = anna.post("Hallo @cem")

    assert status["mentions"] == []
    assert not Mention.objects.exists()


def test_unexpected_mentions_are_named_and_nothing_is_published(anna: Person, cem: Person) -> None:
    answer = anna.app.post("/api/v1/statuses", {"status": "Hallo @cem", "allowed_mentions": []})

    assert refused(answer, 422)
    assert answer.json()["unexpected_accounts"] == [{"id": str(cem.account.pk), "acct": "cem"}]
    assert not Status.objects.exists()
    anna.post("Hallo @cem", allowed_mentions=[str(cem.account.pk)])


def test_what_hides_behind_a_warning_is_sensitive(anna: Person) -> None:
    assert anna.post("Ende verraten", spoiler_text="Film")["sensitive"] is True
    assert anna.post("", spoiler_text="Film")["content"] == "<p>.</p>"
    assert anna.post("Bild", sensitive=True)["sensitive"] is True


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
def test_the_visibility_is_kept(anna: Person, visibility: str) -> None:
    assert anna.post(visibility=visibility)["visibility"] == visibility


def test_the_account_says_how_it_usually_posts(db: None) -> None:
    quiet = person("dieter", default_visibility="private", default_sensitive=True, default_language="fr")

    status = quiet.post()

    assert (status["visibility"], status["sensitive"], status["language"]) == ("private", True, "fr")


def test_a_silenced_account_does_not_reach_the_public(db: None) -> None:
    from datetime import UTC, datetime

    silenced = person("emil", silenced_at=datetime.now(UTC))

    assert silenced.post(visibility="public")["visibility"] == "unlisted"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": ""},
        {"status": "   \n"},
        {"status": "a" * 2001},
        {"status": "a" * 1995, "spoiler_text": "Warnung"},
        {"status": "a", "visibility": "everyone"},
        {"status": "a", "media_ids": ["1"]},
        {"status": "a", "scheduled_at": "morgen"},
    ],
)
def test_what_cannot_be_published_is_refused(anna: Person, fields: dict[str, Any]) -> None:
    assert refused(anna.app.post("/api/v1/statuses", fields), 422)
    assert not Status.objects.exists()


def test_a_long_address_counts_as_a_short_one(anna: Person) -> None:
    anna.post("a" * 1976 + " https://example.org/" + "b" * 500)


def test_a_time_that_has_passed_means_now(anna: Person) -> None:
    anna.post(scheduled_at="2001-01-01T00:00:00Z")


def test_every_way_to_send_it_works(anna: Person) -> None:
    for encoding in ("json", "form", "multipart"):
        answer = anna.app.post("/api/v1/statuses", {"status": encoding}, encoding=encoding)
        assert answer.json()["content"] == f"<p>{encoding}</p>"


def test_a_reply_knows_what_it_answers(anna: Person, cem: Person) -> None:
    root = anna.post("Frage")
    reply = cem.post("@anna Antwort", in_reply_to_id=root["id"])
    more = cem.post("noch etwas", in_reply_to_id=reply["id"])

    assert reply["in_reply_to_id"] == root["id"]
    assert reply["in_reply_to_account_id"] == str(anna.account.pk)
    # Who continues an own reply still answers the one replied to.
    assert more["in_reply_to_account_id"] == str(anna.account.pk)
    assert anna.see(f"/api/v1/statuses/{root['id']}")["replies_count"] == 1
    conversations = Status.objects.values_list("conversation_uri", flat=True)
    assert len(set(conversations)) == 1


def test_nobody_can_reply_to_what_they_may_not_see(anna: Person, cem: Person) -> None:
    secret = anna.post(visibility="private")

    answer = cem.app.post("/api/v1/statuses", {"status": "Aha", "in_reply_to_id": secret["id"]})

    assert refused(answer, 404)
    assert refused(cem.app.post("/api/v1/statuses", {"status": "Aha", "in_reply_to_id": "1"}), 404)


def test_the_same_key_is_the_same_status(anna: Person, cem: Person) -> None:
    def publish(who: Person) -> Any:
        return who.app.post("/api/v1/statuses", {"status": "einmal"}, Idempotency_Key="k1")

    first, second = publish(anna), publish(anna)

    assert first.json()["id"] == second.json()["id"]
    assert publish(cem).json()["id"] != first.json()["id"]
    with time_machine.travel(Status.objects.latest("pk").created_at.timestamp() + 3700):
        from django.utils import timezone

        forget_idempotency_keys(timezone.now())
    assert publish(anna).json()["id"] != first.json()["id"]


def test_a_replay_costs_nothing_of_the_limit(anna: Person) -> None:
    answers = [anna.app.post("/api/v1/statuses", {"status": "einmal"}, Idempotency_Key="k") for _ in range(2)]

    assert answers[0]["X-RateLimit-Limit"] == "300"
    assert answers[0]["X-RateLimit-Remaining"] == "299"
    assert anna.app.post("/api/v1/statuses", {"status": "zwei"})["X-RateLimit-Remaining"] == "298"


def test_followers_elsewhere_get_it_delivered(anna: Person, dora: Account) -> None:
    let_follow(dora, anna.account)
    OutboundActivity.objects.all().delete()

    anna.post("für alle", visibility="private")

    activity = OutboundActivity.objects.get()
    assert activity.deliveries.get().inbox_url == dora.shared_inbox_url


def test_several_by_id_leaves_out_what_is_hidden(anna: Person, cem: Person) -> None:
    seen, hidden = anna.post("offen"), anna.post("geheim", visibility="direct")

    found = cem.see("/api/v1/statuses", **{"id[]": [hidden["id"], seen["id"], "1"]})

    assert [status["id"] for status in found] == [seen["id"]]
    assert refused(cem.app.get("/api/v1/statuses", {"id[]": list(range(1, 22))}), 422)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("post", "/api/v1/statuses", "read"),
        ("delete", "/api/v1/statuses/1", "read"),
        ("put", "/api/v1/statuses/1", "write:media"),
        ("get", "/api/v1/statuses/1/source", "read:accounts"),
        ("post", "/api/v1/statuses/1/favourite", "write:statuses"),
        ("post", "/api/v1/statuses/1/reblog", "write:favourites"),
        ("post", "/api/v1/statuses/1/bookmark", "write:favourites"),
        ("post", "/api/v1/statuses/1/pin", "write:statuses"),
        ("get", "/api/v1/timelines/home", "read:lists"),
        ("get", "/api/v1/favourites", "read:bookmarks"),
        ("get", "/api/v1/bookmarks", "read:favourites"),
        ("get", "/api/v1/notifications", "read:statuses"),
        ("post", "/api/v1/notifications/clear", "read:notifications"),
        ("get", "/api/v1/markers", "read:accounts"),
        ("post", "/api/v1/markers", "read:statuses"),
    ],
)
def test_doors_ask_for_token_scope_and_person(anna: Person, method: str, path: str, scope: str) -> None:
    def call(app: ApiClient) -> int:
        return getattr(app, method)(path).status_code

    assert call(api_client()) == 401
    assert call(ApiClient("unknown")) == 401
    assert call(api_client(anna.account, scope)) == 403
    assert call(ApiClient(app_token())) == 422
