"""A prepared query finds what the query that it was made of finds."""

from datetime import UTC, datetime

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, Follow
from core.prepared import Ids, Prepared
from tests.cast import make_account

pytestmark = pytest.mark.django_db

FOLLOWED = Prepared(
    lambda reader, among: Account.objects.filter(
        Q(follows_in__account=Account(pk=reader)) & Q(pk__in=among.rows), suspended_at__isnull=True
    ).order_by("-pk"),
    reader=int,
    among=Ids,
)


def _follow(account: Account, target: Account) -> None:
    Follow.objects.create(account=account, target=target, created_at=datetime.now(UTC))


def test_it_runs_with_other_values_each_time() -> None:
    anna, bertha, cem, dora = (make_account(name) for name in ("anna", "bertha", "cem", "dora"))
    _follow(anna, bertha)
    _follow(anna, cem)
    _follow(bertha, dora)

    everyone = [anna.pk, bertha.pk, cem.pk, dora.pk]
    assert FOLLOWED.rows(reader=anna.pk, among=everyone) == [cem, bertha]
    assert FOLLOWED.rows(reader=anna.pk, among=[bertha.pk]) == [bertha]
    assert FOLLOWED.rows(reader=bertha.pk, among=everyone) == [dora]
    assert FOLLOWED.rows(reader=bertha.pk, among=[]) == []


def test_rows_are_whole_instances() -> None:
    anna, bertha = make_account("anna"), make_account("bertha", fields=[{"name": "Ort", "value": "Hof"}])
    _follow(anna, bertha)
    (found,) = FOLLOWED.rows(reader=anna.pk, among=[bertha.pk])
    assert found.fields == [{"name": "Ort", "value": "Hof"}]
    assert found.created_at == bertha.created_at


def test_columns_come_as_tuples() -> None:
    anna = make_account("anna")
    names = Prepared(
        lambda ids: Account.objects.filter(pk__in=ids.rows).values_list("pk", "username"), ids=Ids
    )
    assert names.tuples(ids=[anna.pk]) == [(anna.pk, "anna")]


def test_a_query_that_reads_the_clock_or_forgets_a_place_is_refused() -> None:
    timed = Prepared(lambda one: Account.objects.filter(pk=one, created_at__lt=timezone.now()), one=int)
    with pytest.raises(ValueError, match="clock"):
        timed.rows(one=1)
    forgetful = Prepared(lambda one, other: Account.objects.filter(pk=one), one=int, other=int)
    with pytest.raises(ValueError, match="other"):
        forgetful.rows(one=1, other=2)
