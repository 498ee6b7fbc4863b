"""Fills a server's database with people and posts, so that its pages have something to do.

Run beside a server: ``GENOSOCIAL_DATA_DIR=… python -m benchmarks.seed``. Prints the token and the ids that
benchmarks/api.py asks for, as JSON.
"""

import argparse
import json
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")

WORDS = ("Genossenschaft", "Laden", "Brot", "Versammlung", "gemeinsam", "Strom", "Wohnen", "Mitglied")
THREAD = 50


def main() -> None:
    """Seed and print ``{"token", "reader", "author", "thread"}``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--statuses", type=int, default=100_000)
    parser.add_argument("--follows", type=int, default=200)
    options = parser.parse_args()
    django.setup()
    sys.stdout.write(json.dumps(seed(options.accounts, options.statuses, options.follows)) + "\n")


def seed(accounts: int, statuses: int, follows: int) -> dict[str, Any]:
    """Make so many local accounts and statuses; the reader follows the first ``follows`` accounts."""
    from django.contrib.auth import get_user_model
    from django.db import connection

    from accounts.models import Application, Follow
    from accounts.oauth.tokens import issue_token
    from accounts.registration import create_local_account

    chance = random.Random(7)
    now = datetime.now(UTC)
    user, reader = create_local_account(
        username=f"reader{now:%H%M%S}", email=f"reader{now:%H%M%S}@mail.example", password="bench-mark-only-7"
    )
    people = _make_accounts(accounts, now)
    Follow.objects.bulk_create(
        Follow(account=reader, target=person, created_at=now, accepted_at=now) for person in people[:follows]
    )
    thread = _make_statuses(people, statuses, now, chance)
    _make_notifications(reader, people, now)
    application = Application.objects.create(
        name="Benchmark",
        redirect_uris=["urn:ietf:wg:oauth:2.0:oob"],
        scopes=["read", "write"],
        client_id=f"bench{now:%H%M%S%f}",
        client_secret_hash="",
        created_at=now,
    )
    token = issue_token(application, get_user_model().objects.get(pk=user.pk), reader, ["read", "write"])[1]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"token": token, "reader": str(reader.pk), "author": str(people[0].pk), "thread": str(thread)}


def _make_accounts(count: int, now: datetime) -> list[Any]:
    from django.conf import settings

    from accounts.models import Account

    names = [f"p{now:%H%M%S}n{number}" for number in range(count)]
    return Account.objects.bulk_create(
        Account(
            username=name,
            uri=f"{settings.BASE_URL}/users/{name}",
            url=f"{settings.BASE_URL}/@{name}",
            display_name=f"Person {name}",
            note="Wir machen das gemeinsam.",
            created_at=now,
            last_status_at=now,
        )
        for name in names
    )


def _make_statuses(people: list[Any], count: int, now: datetime, chance: random.Random) -> int:
    """Make posts over the last 30 days, oldest first, then a thread; return the id of the thread's root."""
    from core.ids import new_id
    from timelines.models import Status

    step = timedelta(days=30) / count
    moments = (now - timedelta(days=30) + step * number for number in range(count))
    batch: list[Any] = []
    for moment in moments:
        batch.append(_status(chance.choice(people), new_id(moment), moment, chance))
        if len(batch) == 2_000:
            Status.objects.bulk_create(batch)
            batch.clear()
    Status.objects.bulk_create(batch)
    root = _status(people[0], new_id(), now, chance)
    root.replies_count = THREAD
    replies = [_status(chance.choice(people), new_id(), now, chance) for _ in range(THREAD)]
    parents = [root, *replies]
    for place, reply in enumerate(replies):
        parent = parents[chance.randrange(place + 1)]
        reply.in_reply_to_id, reply.in_reply_to_uri = parent.pk, parent.uri
        reply.in_reply_to_account_id = parent.account_id
    Status.objects.bulk_create([root, *replies])
    return root.pk


def _status(author: Any, status_id: int, moment: datetime, chance: random.Random) -> Any:
    from timelines.models import Status

    text = " ".join(chance.choices(WORDS, k=20))
    return Status(
        id=status_id,
        uri=f"{author.uri}/statuses/{status_id}",
        url=f"{author.url}/{status_id}",
        account=author,
        is_local=True,
        text=text,
        content=f"<p>{text}</p>",
        visibility="public",
        language="de",
        created_at=moment,
        fanned_out_at=moment,
    )


def _make_notifications(reader: Any, people: list[Any], now: datetime) -> None:
    from timelines.models import Notification

    Notification.objects.bulk_create(
        Notification(account=reader, from_account=person, type="follow", origin_id=person.pk, created_at=now)
        for person in people[:200]
    )


if __name__ == "__main__":
    main()
