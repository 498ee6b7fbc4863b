"""Deleting an account of ours for good.

Called by `manage.py account delete`. Source: contract of the federation 1.4, 4.5 ("Actor Delete").
"""

from typing import Any, cast

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.events import AccountDeleted
from accounts.models import Account, Follow, User
from accounts.oauth.tokens import revoke_account_tokens
from accounts.outbox import send_actor_delete
from core.events import emit
from media.files import delete_files

# Names and addresses stay; what a person said or chose does not.
_BLANK: dict[str, Any] = {
    "display_name": "",
    "note": "",
    "fields": [],
    "avatar": "",
    "avatar_description": "",
    "header": "",
    "header_description": "",
    "also_known_as": [],
    "attribution_domains": [],
    "moved_to": None,
    "discoverable": False,
    "indexable": False,
    "statuses_count": 0,
    "followers_count": 0,
    "following_count": 0,
    "last_status_at": None,
}


def delete_local_account(account: Account) -> None:
    """Delete an account of ours with all it wrote and did, and tell every server that we know of.

    The row stays, empty: its address answers 410 from now on, nobody can take its name, and its key signs
    what is still owed. Who acted as no other account loses the login. Harmless when repeated; raises
    ValueError for an account of another server.
    """
    if not account.is_local:
        raise ValueError("accounts of others are deleted by their servers")
    with transaction.atomic():
        now = timezone.now()
        kept = Account.objects.filter(pk=account.pk, deleted_at__isnull=True)
        if not kept.update(deleted_at=now, suspended_at=now):
            return
        send_actor_delete(account)
        revoke_account_tokens(account)
        uncount_follows(account)
        emit(AccountDeleted(account_id=account.pk))
        _delete_logins(account)
        _delete_what_hangs_on(account)
        delete_files([account.avatar, account.header])
        Account.objects.filter(pk=account.pk).update(**_BLANK)


def uncount_follows(account: Account) -> None:
    """Take the follows of and by an account that goes out of the counters of the others."""
    followers = Follow.objects.accepted().filter(target=account).values("account")
    followed = Follow.objects.accepted().filter(account=account).values("target")
    Account.objects.filter(pk__in=followers).update(following_count=Greatest(F("following_count") - 1, 0))
    Account.objects.filter(pk__in=followed).update(followers_count=Greatest(F("followers_count") - 1, 0))


def _delete_logins(account: Account) -> None:
    people = User.objects.filter(memberships__account=account)
    elsewhere = User.objects.filter(memberships__account__in=Account.objects.exclude(pk=account.pk))
    people.exclude(pk__in=elsewhere.values("pk")).delete()


def _delete_what_hangs_on(account: Account) -> None:
    """Delete what would go with the row if the row went, of whatever floor above it is."""
    for relation in Account._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ForeignObjectRel) and relation.on_delete is models.CASCADE:
            related = cast(type[models.Model], relation.related_model)
            related._base_manager.filter(**{relation.field.name: account}).delete()
