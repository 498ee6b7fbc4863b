"""What is published to streams: to whom, rendered for whom, and nothing when nobody listens."""

from collections.abc import Callable

import pytest

from accounts.relationships import mute
from tests.contract.contract import entity_faults
from tests.timelines.listening import Listener
from tests.timelines.people import Person, text_of
from timelines import live

pytestmark = pytest.mark.django_db
Run = Callable[[], None]


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
    public = listen("timeline:public", readers=(cem.account,))
    local = listen("timeline:public:local", readers=(cem.account,))
    remote = listen("timeline:public:remote", readers=(cem.account,))
    tagged = listen("timeline:hashtag:fest", "timeline:hashtag:fest:local", readers=(cem.account,))

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
