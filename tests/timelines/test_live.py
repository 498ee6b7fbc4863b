"""What is published to streams: to whom, rendered for whom, and nothing when nobody listens."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from accounts.relationships import mute
from core import pubsub
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, text_of
from timelines import live

pytestmark = pytest.mark.django_db
Run = Callable[[], None]


class Listener:
    """Somebody who listens to channels."""

    def __init__(self, *channels: str) -> None:
        self._pubsub = pubsub.connection().pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(*map(pubsub.wire_name, channels))
        for _ in channels:
            self._pubsub.get_message(timeout=5)

    def heard(self, *about: str) -> list[tuple[str, Any]]:
        """Return events and payloads since the last time, if given only those about statuses with these ids.

        Public channels are shared with whatever other tests do at the same moment.
        """
        found = []
        while message := self._pubsub.get_message(timeout=0.2):
            data = orjson.loads(message["data"])
            payload = data["payload"]
            if not about or (payload if isinstance(payload, str) else payload["id"]) in about:
                found.append((data["event"], payload))
        return found

    def close(self) -> None:
        self._pubsub.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Give a function that starts to listen to channels."""
    listeners: list[Listener] = []

    def start(*channels: str) -> Listener:
        listeners.append(Listener(*channels))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def home_of(who: Person) -> str:
    """Return the channel of somebody's home stream."""
    return live.home_channel(who.account.pk)


def test_home_streams_get_posts_edits_and_deletions(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    follower, stranger = listen(home_of(bertha)), listen(home_of(cem))
    run_jobs()
    follower.heard()

    status = anna.post("Hallo")
    run_jobs()
    anna.app.put(f"/api/v1/statuses/{status['id']}", {"status": "Hallo!"})
    run_jobs()
    anna.app.delete(f"/api/v1/statuses/{status['id']}")
    run_jobs()

    events = follower.heard()
    assert [event for event, _ in events] == ["update", "status.update", "delete"]
    assert [text_of(payload) for _, payload in events[:2]] == ["Hallo", "Hallo!"]
    assert entity_faults("AuthenticatedStatus", events[0][1]) == []
    assert events[2][1] == status["id"]
    assert stranger.heard() == []


def test_a_list_gets_what_its_members_say(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    made = bertha.app.post("/api/v1/lists", {"title": "Nahe"}).json()
    bertha.app.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [str(anna.account.pk)]})
    listener = listen(f"timeline:list:{made['id']}")
    run_jobs()

    status = anna.post("Hallo")
    anna.post("@cem nur für dich", visibility="direct")
    cem.post("Hallo auch")
    run_jobs()
    anna.app.put(f"/api/v1/statuses/{status['id']}", {"status": "Hallo!"})
    run_jobs()
    anna.app.delete(f"/api/v1/statuses/{status['id']}")
    run_jobs()

    events = listener.heard()
    assert [event for event, _ in events] == ["update", "status.update", "delete"]
    assert [text_of(payload) for _, payload in events[:2]] == ["Hallo", "Hallo!"]


def test_who_is_written_to_directly_hears_of_the_conversation(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    named, stranger = (listen(f"timeline:direct:{who.account.pk}") for who in (bertha, cem))
    anna.post("@bertha nur für dich", visibility="direct")
    anna.post("@cem für alle")
    run_jobs()

    ((event, conversation),) = named.heard()
    assert event == "conversation" and conversation["unread"] is True
    assert entity_faults("Conversation", conversation) == []
    assert stranger.heard() == []


def test_nothing_that_the_reader_mutes_comes(
    anna: Person, bertha: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    listener = listen(home_of(bertha))
    mute(bertha.account, anna.account)
    anna.post("@bertha Hallo")
    run_jobs()

    assert listener.heard() == []


def test_notifications_are_streamed_once_each(
    anna: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    status = anna.post()
    run_jobs()
    listener = listen(home_of(anna))

    for _ in range(2):
        cem.do("favourite", status)
    run_jobs()

    events = listener.heard()
    assert [event for event, _ in events] == ["notification"]
    assert entity_faults("Notification", events[0][1]) == []
    assert events[0][1]["type"] == "favourite"


def test_public_streams_get_what_public_timelines_show(
    anna: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    public = listen("timeline:public")
    local = listen("timeline:public:local")
    remote = listen("timeline:public:remote")
    tagged = listen("timeline:hashtag:fest", "timeline:hashtag:fest:local")

    status = anna.post("offen #Fest")
    reply = cem.post("Antwort #fest", in_reply_to_id=status["id"])
    reblog = cem.do("reblog", status)
    quiet = anna.post("leise #fest", visibility="unlisted")
    run_jobs()
    ours = [entry["id"] for entry in (status, reply, reblog, quiet)]

    for listener in (public, local):
        [(event, payload)] = listener.heard(*ours)
        assert (event, payload["id"]) == ("update", status["id"])
        assert entity_faults("Status", payload) == []
    assert remote.heard(*ours) == []
    assert len(tagged.heard(*ours)) == 4
    anna.app.delete(f"/api/v1/statuses/{status['id']}")
    run_jobs()
    # The status itself; of its reblog nothing was to be seen here.
    assert public.heard(*ours) == [("delete", status["id"])]


def test_an_unfavoured_status_tells_nobody(
    anna: Person, cem: Person, run_jobs: Run, listen: Callable[..., Listener]
) -> None:
    """The notification is gone before its job runs."""
    listener = listen(home_of(anna))
    status = anna.post()
    run_jobs()
    listener.heard()

    cem.do("favourite", status)
    cem.do("unfavourite", status)
    run_jobs()

    assert listener.heard() == []
