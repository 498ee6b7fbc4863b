"""Fills a server's database with people and posts, so that its pages have something to do.

Run beside a server: ``GENOSOCIAL_DATA_DIR=… python -m benchmarks.seed``. Prints the tokens and ids that
benchmarks/api.py asks for, as JSON; with ``--grow`` it only makes the same server larger.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")

# Search asks for the first; all of them are as frequent as words are that people look for.
WORDS = ("Genossenschaft", "Laden", "Brot", "Versammlung", "gemeinsam", "Strom", "Wohnen", "Mitglied")
_RARE_WORDS = [f"{first}{second}" for first in ("Hof", "Markt", "Nacht", "Wald") for second in range(2_000)]
_RARE_PER_STATUS, _STATUSES_PER_WORD = 19, 10
# As timelines/search_words.py does post by post.
_STORE_WORDS = """
INSERT INTO timelines_statustext (status_id, vector)
SELECT id, to_tsvector('genosocial_simple', text) || to_tsvector('genosocial_german', text)
FROM timelines_status status
WHERE NOT EXISTS (SELECT FROM timelines_statustext WHERE status_id = status.id)
"""
THREAD = 50
NOTIFICATIONS = 200
FOLLOWERS = 1_000
WATCHERS = 50


def main() -> None:
    """Seed and print what `seed` returns, or only grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--statuses", type=int, default=100_000)
    parser.add_argument("--follows", type=int, default=200)
    parser.add_argument("--grow", action="store_true", help="more accounts and statuses, nothing else")
    options = parser.parse_args()
    django.setup()
    now, chance = datetime.now(UTC), random.Random(7)
    people = _make_accounts(options.accounts, now)
    _make_statuses(people, options.statuses, now, chance)
    seeded = {} if options.grow else _make_stage(people, options.follows, now, chance)
    _tidy()
    sys.stdout.write(json.dumps(seeded) + "\n")


def _make_stage(people: list[Any], follows: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    """Make a reader with all that it reads, and an author with many followers; return tokens and ids."""
    reader_user, reader = _make_person("reader", now)
    herald_user, herald = _make_person("herald", now)
    followers = people[:FOLLOWERS]
    _follow([(reader, person) for person in people[:follows]], now)
    _follow([(person, herald) for person in followers], now)
    thread = _make_thread(people, now, chance)
    _make_notifications(reader, people, now, chance)
    _build_feeds(followers)
    return {
        "token": _issue_token(reader_user, reader, now),
        "reader": str(reader.pk),
        "author": str(people[0].pk),
        "thread": str(thread),
        "followers": len(followers),
        "herald_token": _issue_token(herald_user, herald, now),
        "follower_tokens": [
            _issue_token(reader_user, person, now)
            for person in chance.sample(followers, min(WATCHERS, len(followers)))
        ],
    }


# People


def _make_person(name: str, now: datetime) -> tuple[Any, Any]:
    from accounts.registration import create_local_account

    name = f"{name}{now:%H%M%S}"
    return create_local_account(
        username=name, email=f"{name}@mail.example", password="bench-mark-only-7", locale="de"
    )


def _make_accounts(count: int, now: datetime) -> list[Any]:
    """Make people, one of ten of whom agrees that posts are searched."""
    from django.conf import settings

    from accounts.models import Account

    names = [f"p{now:%H%M%S}n{number}" for number in range(count)]
    return Account.objects.bulk_create(
        [
            Account(
                username=name,
                uri=f"{settings.BASE_URL}/users/{name}",
                url=f"{settings.BASE_URL}/@{name}",
                display_name=f"Person {name}",
                note="Wir machen das gemeinsam.",
                indexable=number % 10 == 0,
                created_at=now,
                last_status_at=now,
            )
            for number, name in enumerate(names)
        ],
        batch_size=1_000,
    )


def _follow(pairs: list[tuple[Any, Any]], now: datetime) -> None:
    from accounts.models import Account, Follow

    Follow.objects.bulk_create(
        Follow(account=account, target=target, created_at=now, accepted_at=now) for account, target in pairs
    )
    Account.objects.filter(pk=pairs[0][1].pk).update(followers_count=len(pairs))


def _issue_token(user: Any, account: Any, now: datetime) -> str:
    from accounts.models import Application
    from accounts.oauth.tokens import issue_token

    application, _made = Application.objects.get_or_create(
        client_id=f"bench{now:%H%M%S%f}",
        defaults={
            "name": "Benchmark",
            "redirect_uris": ["urn:ietf:wg:oauth:2.0:oob"],
            "scopes": ["read", "write"],
            "client_secret_hash": "",
            "created_at": now,
        },
    )
    return issue_token(application, user, account, ["read", "write"])[1]


def _build_feeds(accounts: list[Any]) -> None:
    """Let all have read their home, so that a new post has to be put into each of these feeds."""
    from core.api.pagination import Page
    from timelines.feeds import find_home_page

    for account in accounts:
        find_home_page(account, Page(20))


# Statuses


def _make_statuses(people: list[Any], count: int, now: datetime, chance: random.Random) -> None:
    """Make posts over the last 30 days, oldest first."""
    step = timedelta(days=30) / max(count, 1)
    moments = (now - timedelta(days=30) + step * number for number in range(count))
    _copy(_status(chance.choice(people), moment, chance) for moment in moments)


def _make_thread(people: list[Any], now: datetime, chance: random.Random) -> int:
    """Make a post with answers, and answers to these; return its id."""
    root = _status(people[0], now, chance) | {"replies_count": THREAD}
    thread = [root]
    for _ in range(THREAD):
        parent = chance.choice(thread)
        answered = {
            "in_reply_to_id": parent["id"],
            "in_reply_to_uri": parent["uri"],
            "in_reply_to_account_id": parent["account_id"],
            "conversation_uri": root["conversation_uri"],
        }
        thread.append(_status(chance.choice(people), datetime.now(UTC), chance) | answered)
    _copy(thread)
    return int(root["id"])


def _status(author: Any, moment: datetime, chance: random.Random) -> dict[str, Any]:
    """Return the columns of a post that differ from a new row's."""
    from core.ids import new_id

    status_id, text = new_id(moment), _text(chance)
    return {
        "id": status_id,
        "uri": f"{author.uri}/statuses/{status_id}",
        "url": f"{author.url}/{status_id}",
        "account_id": author.pk,
        "is_local": True,
        "text": text,
        "content": f"<p>{text}</p>",
        "visibility": "public",
        "language": "de",
        "conversation_uri": f"{author.uri}/contexts/{status_id}",
        "created_at": moment,
        "fanned_out_at": moment,
    }


def _text(chance: random.Random) -> str:
    words = chance.choices(_RARE_WORDS, k=_RARE_PER_STATUS)
    if chance.randrange(_STATUSES_PER_WORD) == 0:
        words.append(chance.choice(WORDS))
    return " ".join(words)


def _copy(statuses: Iterable[dict[str, Any]]) -> None:
    """Write posts by COPY, many times faster than row by row."""
    from django.db import connection

    from timelines.models import Status

    fields = Status._meta.concrete_fields
    new = Status(id=0)
    usual = {
        field.column: field.get_db_prep_save(getattr(new, field.attname), connection) for field in fields
    }
    statement = f"COPY {Status._meta.db_table} ({', '.join(usual)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for status in statuses:
            copy.write_row(list((usual | status).values()))


def _make_notifications(reader: Any, people: list[Any], now: datetime, chance: random.Random) -> None:
    """Tell the reader of followers, of favourites of an own post each, and of mentions, in turn."""
    from timelines.models import Favourite, Mention, Notification

    kinds = ("follow", "favourite", "mention")
    told = [(person, kinds[place % len(kinds)]) for place, person in enumerate(people[:NOTIFICATIONS])]
    # At moments of their own: ids of one millisecond that has passed are drawn by lot.
    statuses = {
        person.pk: _status(reader if kind == "favourite" else person, now - timedelta(seconds=place), chance)
        for place, (person, kind) in enumerate(told)
        if kind != "follow"
    }
    _copy(statuses.values())
    Favourite.objects.bulk_create(
        Favourite(account=person, status_id=statuses[person.pk]["id"], created_at=now)
        for person, kind in told
        if kind == "favourite"
    )
    Mention.objects.bulk_create(
        Mention(account=reader, status_id=statuses[person.pk]["id"])
        for person, kind in told
        if kind == "mention"
    )
    Notification.objects.bulk_create(
        Notification(
            account=reader,
            from_account=person,
            type=kind,
            status_id=statuses[person.pk]["id"] if person.pk in statuses else None,
            origin_id=person.pk,
            created_at=now,
        )
        for person, kind in told
    )


# The database


def _tidy() -> None:
    """Store what search reads, and let PostgreSQL do now what it would do while something is measured."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_STORE_WORDS)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


if __name__ == "__main__":
    main()
