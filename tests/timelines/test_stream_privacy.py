"""Who is streamed what: on every stream just what the same person is shown by the API."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from accounts.models import Account
from accounts.relationships import block, block_domain, mute, remove_follower
from tests.cast import make_remote_account
from tests.timelines.listening import Listener
from tests.timelines.people import Person, let_follow, person
from timelines import live
from timelines.models import Status
from timelines.statuses import status_created

pytestmark = pytest.mark.django_db

PUBLIC, TAG = "timeline:public", "timeline:hashtag:fest"
READERS = ("stranger", "follower", "dropped", "blocking", "blocked", "muting", "shy", "lister", "mentioned")


@pytest.fixture
def cast(anna: Person, dora: Account) -> dict[str, Person]:
    """Everybody who reads, each with another relation to Anna, who writes here, and to Dora elsewhere."""
    people = {name: person(name) for name in READERS}
    for name in ("follower", "dropped", "muting", "shy", "lister"):
        let_follow(people[name].account, anna.account)
        let_follow(people[name].account, dora)
    remove_follower(anna.account, people["dropped"].account)
    for author in (anna.account, dora):
        block(people["blocking"].account, author)
        block(author, people["blocked"].account)
        mute(people["muting"].account, author)
    block_domain(people["shy"].account, "elsewhere.example")
    return people


def by_dora(dora: Account, text: str, **fields: Any) -> Status:
    """Publish a status of another server, as if it had come in."""
    number = Status.objects.count()
    status = Status.objects.create(
        **{
            "account": dora,
            "uri": f"{dora.uri}/statuses/{number}",
            "content": f"<p>{text}</p>",
            "visibility": Status.Visibility.PUBLIC,
            "is_local": False,
            "created_at": dora.created_at,
            **fields,
        }
    )
    status_created(status)
    return status


def publish_everything(anna: Person, dora: Account) -> None:
    """Let all kinds of posts be written by both."""
    first = anna.post("Wir feiern #Fest")
    anna.post("Nur für die, die mir folgen #Fest", visibility="private")
    anna.post("Nicht auf allen Wänden #Fest", visibility="unlisted")
    anna.post("@mentioned Nur für dich", visibility="direct")
    anna.post("Und weiter", in_reply_to_id=first["id"])
    by_dora(dora, "Von anderswo")
    by_dora(dora, "Auch für wenige", visibility=Status.Visibility.PRIVATE)


def streamed(listener: Listener, people: dict[str, Person]) -> dict[tuple[str, str], set[str]]:
    """Return by reader and channel the ids of the statuses and threads that came."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for channel, message in listener.messages():
        if message.event in ("update", "conversation"):
            for name, reader in people.items():
                if message.is_for(reader.account.pk):
                    found[name, channel].add(orjson.loads(message.payload)["id"])
    return found


def test_streams_carry_what_the_api_shows(
    cast: dict[str, Person],
    anna: Person,
    dora: Account,
    run_jobs: Callable[[], None],
    listen: Callable[..., Listener],
) -> None:
    made = cast["lister"].app.post("/api/v1/lists", {"title": "Nahe"}).json()
    path = f"/api/v1/lists/{made['id']}/accounts"
    cast["lister"].app.post(path, {"account_ids": [str(anna.account.pk), str(dora.pk)]})
    run_jobs()
    listed = f"timeline:list:{made['id']}"
    own = {name: live.home_channel(reader.account.pk) for name, reader in cast.items()}
    direct = {name: f"timeline:direct:{reader.account.pk}" for name, reader in cast.items()}
    readers = tuple(reader.account for reader in cast.values())
    listener = listen(PUBLIC, TAG, listed, *own.values(), *direct.values(), readers=readers)

    publish_everything(anna, dora)
    run_jobs()

    came = streamed(listener, cast)
    for name, reader in cast.items():
        for channel, address in (
            (PUBLIC, "/api/v1/timelines/public"),
            (TAG, "/api/v1/timelines/tag/fest"),
            (own[name], "/api/v1/timelines/home"),
            (direct[name], "/api/v1/conversations"),
        ):
            assert came[name, channel] == {shown["id"] for shown in reader.see(address)}, (name, address)
    in_list = {shown["id"] for shown in cast["lister"].see(f"/api/v1/timelines/list/{made['id']}")}
    assert came["lister", listed] == in_list
    # So that none of these is empty for all:
    assert len(came["stranger", PUBLIC]) == 3
    assert came["mentioned", direct["mentioned"]] and not came["stranger", direct["stranger"]]
    assert len(came["follower", own["follower"]]) == len(in_list) == 6
    for name in ("blocking", "blocked", "muting"):
        assert not came[name, PUBLIC] and not came[name, TAG] and not came[name, own[name]]
    assert len(came["shy", PUBLIC]) == 2


def test_a_silenced_author_is_streamed_to_nobody_in_public(
    cast: dict[str, Person], run_jobs: Callable[[], None], listen: Callable[..., Listener]
) -> None:
    loud = make_remote_account("loud", "loud.example", silenced_at=cast["stranger"].account.created_at)
    listener = listen(PUBLIC, readers=(cast["stranger"].account,))
    by_dora(loud, "Kauft!")
    run_jobs()
    assert not streamed(listener, cast)


def test_what_quotes_somebody_blocked_is_not_streamed(
    cast: dict[str, Person], anna: Person, run_jobs: Callable[[], None], listen: Callable[..., Listener]
) -> None:
    quoted = anna.post("Zitiert mich")
    run_jobs()
    listener = listen(PUBLIC, readers=tuple(reader.account for reader in cast.values()))
    cast["stranger"].post("Hört, hört", quoted_status_id=quoted["id"])
    run_jobs()
    came = streamed(listener, cast)
    assert came["follower", PUBLIC]
    assert not any(came[name, PUBLIC] for name in ("blocking", "blocked", "muting"))


def test_filters_of_each_reader_come_along(
    cast: dict[str, Person], anna: Person, run_jobs: Callable[[], None], listen: Callable[..., Listener]
) -> None:
    cast["stranger"].app.post(
        "/api/v2/filters",
        {"title": "Feste", "context": ["public"], "keywords_attributes": [{"keyword": "feiern"}]},
    )
    listener = listen(PUBLIC, readers=(cast["stranger"].account, cast["follower"].account))
    status = anna.post("Wir feiern")
    run_jobs()
    [(_, message)] = listener.messages()
    shown = [
        orjson.loads(orjson.loads(message.websocket_frame(("public",), cast[name].account.pk))["payload"])
        for name in ("stranger", "follower")
    ]
    [result] = shown[0]["filtered"]
    assert result["filter"]["title"] == "Feste" and result["keyword_matches"] == ["feiern"]
    assert shown[1]["filtered"] == [] and shown[1]["id"] == status["id"]


def test_a_reader_of_whom_nobody_knows_gets_nothing(
    anna: Person, cem: Person, run_jobs: Callable[[], None], listen: Callable[..., Listener]
) -> None:
    listener = listen(PUBLIC, readers=(anna.account,))
    anna.post("Hallo")
    run_jobs()
    [(_, message)] = listener.messages()
    assert message.is_for(anna.account.pk) and not message.is_for(cem.account.pk)
