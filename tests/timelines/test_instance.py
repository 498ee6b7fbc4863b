"""What this server says about itself: apps choose their buttons by it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Account
from federation.models import DomainPolicy, Peer
from tests.cast import api_client, make_account, make_remote_account, user_of
from tests.contract.contract import entity_faults

pytestmark = pytest.mark.django_db


def instance(version: int = 2, **headers: str) -> Any:
    """Return an instance document as anybody gets it."""
    answer = api_client().get(f"/api/v{version}/instance", **headers)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def admin() -> Account:
    """The first administrator; a person and a later administrator are there as well."""
    make_account("cem")
    first = make_account("anna", role="admin")
    make_account("bertha", role="admin")
    return first


def test_both_documents_keep_the_contract(admin: Account) -> None:
    assert entity_faults("Instance", instance()) == []
    assert entity_faults("V1_Instance", instance(1)) == []


def test_a_server_without_administrator_has_no_contact_account() -> None:
    make_account("cem")
    assert instance()["contact"]["account"] is None
    assert instance(1)["contact_account"] is None


def test_the_contact_is_the_first_administrator_who_can_sign_in(admin: Account) -> None:
    assert instance()["contact"] == {
        "email": settings.CONTACT_EMAIL,
        "account": instance(1)["contact_account"],
    }
    assert instance()["contact"]["account"]["username"] == "anna"
    user = user_of(admin)
    user.disabled_at = datetime.now(UTC)
    user.save(update_fields=["disabled_at"])
    assert instance()["contact"]["account"]["username"] == "bertha"


def test_the_version_leads_with_a_number_that_apps_can_compare() -> None:
    version = instance()["version"]
    assert float(version[:3]) >= 4.3
    assert settings.VERSION in version


def test_registration_is_closed_and_says_how_to_get_in() -> None:
    registrations = instance(Accept_Language="de")["registrations"]
    assert registrations["enabled"] is False
    assert settings.CONTACT_EMAIL in registrations["message"]
    assert instance(1)["registrations"] is False


def test_limits_are_those_that_posts_and_uploads_meet(admin: Account) -> None:
    app = api_client(admin)
    limits = instance()["configuration"]["statuses"]
    assert limits["max_characters"] == 2000
    longest = {"status": "ä" * limits["max_characters"]}
    assert app.post("/api/v1/statuses", longest).status_code == 200
    assert app.post("/api/v1/statuses", {"status": longest["status"] + "ä"}).status_code == 422


def test_numbers_count_people_and_posts_of_this_server(admin: Account) -> None:
    away = user_of(admin)
    away.last_active_on = (datetime.now(UTC) - timedelta(days=31)).date()
    away.save(update_fields=["last_active_on"])
    make_remote_account("dora")
    Peer.objects.create(domain="elsewhere.example")
    Account.objects.filter(pk=admin.pk).update(statuses_count=3)
    assert instance(1)["stats"] == {"user_count": 3, "status_count": 3, "domain_count": 1}
    assert instance()["usage"]["users"]["active_month"] == 2


def test_rules_come_in_both_languages() -> None:
    answers = [
        api_client().get("/api/v1/instance/rules", Accept_Language=code).json() for code in ("de", "en")
    ]
    german, english = (rules[0] for rules in answers)
    assert german["translations"] == english["translations"]
    assert set(german["translations"]) == {"de", "en"}
    assert english["text"] == english["translations"]["en"]["text"]
    assert german["text"] == german["translations"]["de"]["text"]


def test_activity_covers_twelve_weeks_the_current_one_first(admin: Account) -> None:
    weeks = api_client().get("/api/v1/instance/activity").json()
    assert len(weeks) == 12
    starts = [int(week["week"]) for week in weeks]
    assert starts == sorted(starts, reverse=True)
    assert datetime.fromtimestamp(starts[0], UTC).weekday() == 0
    assert weeks[0]["registrations"] == "3"
    assert weeks[0]["logins"] == "3"
    assert weeks[1]["registrations"] == "0"


def test_peers_are_those_that_can_be_reached() -> None:
    Peer.objects.create(domain="b.example")
    Peer.objects.create(domain="a.example")
    Peer.objects.create(domain="gone.example", unavailable_since=datetime.now(UTC))
    assert api_client().get("/api/v1/instance/peers").json() == ["a.example", "b.example"]


def test_restrictions_are_public_without_what_staff_say_to_each_other() -> None:
    for severity in DomainPolicy.Severity.values:
        DomainPolicy.objects.create(
            domain=f"{severity}.example", severity=severity, public_comment="spam", private_comment="secret"
        )
    blocks = api_client().get("/api/v1/instance/domain_blocks")
    assert [block["severity"] for block in blocks.json()] == ["suspend", "silence"]
    assert "secret" not in blocks.content.decode()


def test_documents_may_be_kept_for_five_minutes() -> None:
    answer = api_client().get("/api/v2/instance")
    assert answer["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("name", ["thumbnail", "icon"])
def test_pictures_exist(name: str) -> None:
    from django.contrib.staticfiles import finders

    document = instance()
    urls = (
        [document["thumbnail"]["url"]] if name == "thumbnail" else [icon["src"] for icon in document["icon"]]
    )
    for url in urls:
        assert finders.find(url.removeprefix(f"{settings.BASE_URL}/static/")), url


def test_terms_that_do_not_exist_are_404() -> None:
    answer = api_client().get("/api/v1/instance/terms_of_service")
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_nodeinfo_counts_and_names_the_api_that_apps_look_for(admin: Account, version: str) -> None:
    document = api_client().get(f"/nodeinfo/{version}").json()
    assert document["version"] == version
    assert document["usage"]["users"] == {"total": 3, "activeMonth": 3, "activeHalfyear": 3}
    assert document["metadata"]["upstream"]["name"] == "mastodon"
    assert api_client().get("/nodeinfo/3.0").status_code == 404
