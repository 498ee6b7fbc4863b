"""What is rendered once is rendered again when its row, or what is shown with it, has changed."""

from collections.abc import Collection

import pytest
from django.db import connection

from accounts.models import Account
from core.rendered import Rendered, touch, version_sql
from tests.cast import make_account

pytestmark = pytest.mark.django_db


class Counting:
    """Renders names, and remembers of whom."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []

    def __call__(self, ids: Collection[int]) -> dict[int, str]:
        self.asked.append(set(ids))
        return dict(Account.objects.filter(pk__in=ids).values_list("pk", "display_name"))


def versions(*accounts: Account) -> dict[int, str]:
    """Return the current versions of the rows of accounts."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT row.id, {version_sql('row')} FROM accounts_account row WHERE row.id = ANY(%s)",
            [[account.pk for account in accounts]],
        )
        return dict(cursor.fetchall())


def test_only_what_changed_is_rendered_again() -> None:
    anna, bertha = make_account("anna"), make_account("bertha")
    render = Counting()
    names: Rendered[str] = Rendered(render, 10)
    names.load(versions(anna, bertha))
    Account.objects.filter(pk=anna.pk).update(display_name="Änne")
    assert names.load(versions(anna, bertha))[anna.pk] == "Änne"
    assert render.asked == [{anna.pk, bertha.pk}, {anna.pk}]


def test_a_touched_row_is_rendered_again() -> None:
    anna, render = make_account("anna"), Counting()
    names: Rendered[str] = Rendered(render, 10)
    names.load(versions(anna))
    touch(Account.objects.filter(pk=anna.pk))
    names.load(versions(anna))
    assert len(render.asked) == 2


def test_the_least_recently_used_goes_first() -> None:
    anna, bertha, cem = (make_account(name) for name in ("anna", "bertha", "cem"))
    render = Counting()
    names: Rendered[str] = Rendered(render, 2)
    for person in (anna, bertha, anna, cem, anna, bertha):
        names.load(versions(person))
    assert render.asked == [{anna.pk}, {bertha.pk}, {cem.pk}, {bertha.pk}]


def test_nothing_is_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    anna, render = make_account("anna"), Counting()
    names: Rendered[str] = Rendered(render, 2)
    monkeypatch.setattr("core.rendered.KEPT_SECONDS", 0)
    names.load(versions(anna))
    names.load(versions(anna))
    assert len(render.asked) == 2


def test_what_is_gone_is_missing() -> None:
    anna = make_account("anna")
    gone = versions(anna)
    Account.objects.filter(pk=anna.pk).delete()
    assert Rendered(Counting(), 2).load(gone) == {}
