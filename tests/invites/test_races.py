"""Several people at one link at the same moment, on real threads and a real lock."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Account, User
from invites.links import issue_link
from invites.models import Redemption
from invites.signup import release_unconfirmed
from tests.invites.forms import filled_in

pytestmark = pytest.mark.django_db(transaction=True)


def sign_up_at_once(token: str, forms: list[dict[str, str]]) -> list[int]:
    """Send all forms at the same moment; return the statuses, sorted."""
    barrier = Barrier(len(forms))

    def send(form: dict[str, str]) -> int:
        try:
            barrier.wait(timeout=20)
            return Client().post(f"/invite/{token}", form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(forms)) as threads:
        return sorted(threads.map(send, forms))


@pytest.mark.parametrize("places", [1, 3])
def test_the_last_places_go_to_as_many_people_as_there_are_places(places: int) -> None:
    _, token = issue_link(issued_by=None, max_uses=places, now=timezone.now())
    forms = [filled_in(username=f"person{n}", email=f"person{n}@mail.example") for n in range(6)]
    assert sign_up_at_once(token, forms) == [302] * places + [410] * (6 - places)
    assert User.objects.count() == Account.objects.count() == Redemption.objects.counting().count() == places


def test_a_double_click_at_the_same_moment_is_one_sign_up() -> None:
    _, token = issue_link(issued_by=None, now=timezone.now())
    assert sign_up_at_once(token, [filled_in()] * 3) == [302] * 3
    assert User.objects.count() == Redemption.objects.count() == 1


def test_one_username_wanted_through_two_links_goes_to_one_person() -> None:
    tokens = [issue_link(issued_by=None, now=timezone.now())[1] for _ in range(2)]
    barrier = Barrier(2)

    def send(n: int) -> int:
        try:
            barrier.wait(timeout=20)
            return Client().post(f"/invite/{tokens[n]}", filled_in(email=f"p{n}@mail.example")).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(send, range(2))) == [302, 422]
    assert User.objects.count() == Redemption.objects.count() == 1


def test_the_clock_and_a_confirmation_at_the_same_moment_leave_no_half_of_a_login() -> None:
    from datetime import timedelta

    from accounts.registration import confirm_email

    _, token = issue_link(issued_by=None, now=timezone.now())
    Client().post(f"/invite/{token}", filled_in())
    Redemption.objects.update(reserved_at=timezone.now() - timedelta(hours=73))
    user = User.objects.get()
    barrier = Barrier(2)

    def run(act: int) -> None:
        try:
            barrier.wait(timeout=20)
            (release_unconfirmed if act else lambda: confirm_email(user))()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(2)))
    confirmed = User.objects.filter(confirmed_at__isnull=False).exists()
    assert Redemption.objects.get().state == ("completed" if confirmed else "released")
    assert Account.objects.exists() == User.objects.exists() == confirmed
