"""Scheduled statuses and many requests or jobs at the same moment, with real threads and real commits."""

import pytest

from tests.timelines.people import person
from tests.timelines.test_races import at_once
from tests.timelines.test_scheduled import come_due, in_, schedule, scheduled_by
from timelines.models import ScheduledStatus, Status
from timelines.scheduled import publish_scheduled

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_at_once_publish_once() -> None:
    anna = person("anna")
    entity = scheduled_by(anna)
    come_due()

    at_once(lambda _: publish_scheduled(scheduled_id=int(entity["id"])))

    assert Status.objects.count() == 1
    assert not ScheduledStatus.objects.exists()


def test_one_key_at_once_schedules_once() -> None:
    anna = person("anna")
    at = in_(hours=1)

    answers = at_once(lambda _: schedule(anna, key="derselbe", at=at))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert ScheduledStatus.objects.count() == 1
