"""Tokens: the same string for the same consent, only a hash stored, and gone when revoked."""

from datetime import UTC, date, datetime

import pytest
from django.test import override_settings

from accounts.models import AccessToken, User
from accounts.oauth.authentication import find_credential
from accounts.oauth.tokens import issue_token, revoke_all_tokens, revoke_token
from core.pubsub import connection, wire_name
from tests.cast import app_token, make_account, the_application, token_for, user_of

pytestmark = pytest.mark.django_db


def test_the_same_consent_gets_the_same_token_whatever_the_order_of_scopes():
    anna = make_account("anna")
    assert token_for(anna, "read write") == token_for(anna, "write read")


def test_other_scopes_another_account_or_another_secret_key_get_another_token():
    anna, bertha = make_account("anna"), make_account("bertha")
    tokens = {token_for(anna, "read"), token_for(anna, "read write"), token_for(bertha, "read")}
    with override_settings(SECRET_KEY="another" * 10):
        tokens.add(token_for(anna, "read"))
    assert len(tokens) == 4
    assert all(find_credential(token) for token in tokens)


def test_the_token_itself_is_stored_nowhere():
    secret = token_for(make_account("anna"))
    assert secret not in str(list(AccessToken.objects.values()))


def test_a_credential_carries_real_rows(django_assert_num_queries):
    anna = make_account("anna", fields=[{"name": "Web", "value": "x", "verified_at": None}])
    secret = token_for(anna, "read write:media")
    with django_assert_num_queries(1):
        credential = find_credential(secret)
    assert credential.account == anna
    assert credential.account.fields == anna.fields
    assert credential.account.also_known_as == []
    assert credential.user == user_of(anna)
    assert credential.scopes == {"read", "write:media"}
    credential.account.display_name = "Anna B."
    credential.account.save(update_fields=["display_name"])
    anna.refresh_from_db()
    assert anna.display_name == "Anna B."


def test_an_apps_own_token_has_no_person():
    credential = find_credential(app_token("read"))
    assert credential.user is None and credential.account is None


def test_use_is_remembered_once_a_day(django_assert_num_queries):
    anna = make_account("anna")
    secret = token_for(anna)
    AccessToken.objects.update(last_used_on=date(2020, 1, 1))
    User.objects.update(last_active_on=None)
    with django_assert_num_queries(3):
        find_credential(secret)
    with django_assert_num_queries(1):
        find_credential(secret)
    assert user_of(anna).last_active_on == datetime.now(UTC).date()


def test_a_revoked_token_proves_nothing_and_its_streams_are_told(run_jobs):
    anna = make_account("anna")
    token, secret = issue_token(the_application(), user_of(anna), anna, ["read"])
    listener = connection().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(wire_name("tokens:revoked"))
    revoke_token(token)
    run_jobs()
    assert find_credential(secret) is None
    told = next(m for _ in range(5) if (m := listener.get_message(timeout=1)))
    assert str(token.pk).encode() in told["data"]
    assert token_for(anna, "read") != secret


def test_all_tokens_of_a_person_end_together():
    anna, bertha = make_account("anna"), make_account("bertha")
    mine, others = [token_for(anna, "read"), token_for(anna, "write")], token_for(bertha)
    revoke_all_tokens(user_of(anna))
    assert [find_credential(secret) for secret in mine] == [None, None]
    assert find_credential(others) is not None


def test_an_unknown_token_is_none():
    assert find_credential("nonsense") is None
