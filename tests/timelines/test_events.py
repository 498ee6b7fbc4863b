"""What relations between accounts do to statuses: the end of an account elsewhere."""

from datetime import UTC, datetime

import pytest

from accounts.models import Account
from accounts.registration import confirm_email, create_local_account
from accounts.remote import delete_account
from media.models import MediaAttachment
from tests.timelines.people import Person, person
from timelines.interactions import favourite, reblog
from timelines.models import Status
from timelines.statuses import status_created

pytestmark = pytest.mark.django_db


def test_an_account_that_goes_leaves_no_counts_and_no_media(anna: Person, dora: Account) -> None:
    root = Status.objects.get(pk=anna.post()["id"])
    favourite(dora, root)
    reblog(dora, root)
    for number in range(2):
        media = MediaAttachment.objects.create(
            owner_id=dora.pk,
            type="image",
            remote_url=f"https://elsewhere.example/{number}.png",
            created_at=datetime.now(UTC),
        )
        reply = Status.objects.create(
            uri=f"https://elsewhere.example/{number}",
            account=dora,
            is_local=False,
            visibility="public",
            in_reply_to=root,
            in_reply_to_uri=root.uri,
            in_reply_to_account=anna.account,
            media_ids=[media.pk],
            created_at=datetime.now(UTC),
        )
        status_created(reply)
    before = anna.see(f"/api/v1/statuses/{root.pk}")
    assert (before["replies_count"], before["reblogs_count"], before["favourites_count"]) == (2, 1, 1)

    delete_account(dora)

    after = anna.see(f"/api/v1/statuses/{root.pk}")
    assert (after["replies_count"], after["reblogs_count"], after["favourites_count"]) == (0, 0, 0)
    assert not MediaAttachment.objects.exists()
    assert anna.told() == []


def test_staff_hear_of_new_people_once_they_have_confirmed() -> None:
    staff, member = person("wache", role="moderator"), person("anna")
    user, _ = create_local_account(
        username="neu", email="neu@mail.example", password="richtig langes Passwort", confirmed=False
    )
    assert staff.told() == []

    confirm_email(user)

    assert staff.told() == [("admin.sign_up", "neu")]
    assert member.told() == []
    (group,) = staff.see("/api/v2/notifications")["notification_groups"]
    assert group["group_key"].startswith("admin.sign_up-")
    assert staff.see(f"/api/v2/notifications/{group['group_key']}")["notification_groups"]
    assert group["fallback"]["title"] == "@neu signed up"
