"""Messages to the streaming process."""

import redis

from core import pubsub


def test_a_server_in_another_database_of_the_same_redis_hears_nothing(settings, monkeypatch):
    monkeypatch.setattr(
        pubsub, "connection", lambda: redis.Redis.from_url(neighbours_url(settings.REDIS_URL))
    )
    pubsub.channel_prefix.cache_clear()
    neighbour = pubsub.connection().pubsub(ignore_subscribe_messages=True)
    neighbour.subscribe(pubsub.wire_name("timeline:42"))
    neighbour.get_message(timeout=5)
    monkeypatch.undo()
    pubsub.channel_prefix.cache_clear()
    pubsub.publish("timeline:42", "update", "secret")
    assert neighbour.get_message(timeout=0.3) is None
    neighbour.close()


def neighbours_url(ours: str) -> str:
    base, _, number = ours.rpartition("/")
    return f"{base}/{int(number) + 1}"


def test_only_channels_that_somebody_listens_to_are_heard():
    listener = pubsub.connection().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(pubsub.wire_name("timeline:42"))
    listener.get_message(timeout=5)
    assert pubsub.heard(["timeline:42", "timeline:43"]) == ["timeline:42"]
    assert pubsub.heard_like("timeline:[0-9]*") == ["timeline:42"]
    assert pubsub.heard([]) == []
    listener.close()
