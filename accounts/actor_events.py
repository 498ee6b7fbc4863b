"""What accounts do when the server of a remote actor shows that the actor is gone, or another than before.

Handlers of federation's events; see genosocial/event_routes.py.
Source: contract of the federation §2.4, §4.6.
"""

from functools import partial
from urllib.parse import urlsplit

from celery import shared_task
from django.db import transaction

from accounts.models import Account
from accounts.remote import delete_account, follow_anew, refresh_soon
from federation.events import ActorGone, ActorKeysReplaced, InboxGone


def on_actor_gone(event: ActorGone) -> None:
    """Delete the account after commit."""
    account = Account.objects.remote().filter(uri=event.actor_uri).first()
    if account is not None:
        transaction.on_commit(partial(delete_gone.delay, account_id=account.pk), robust=True)


def on_actor_keys_replaced(event: ActorKeysReplaced) -> None:
    """Ask again for every follow from here: an actor that was set up anew knows of none."""
    account = Account.objects.remote().filter(uri=event.actor_uri).first()
    if account is not None:
        transaction.on_commit(partial(follow_anew.delay, account_id=account.pk), robust=True)


def on_inbox_gone(event: InboxGone) -> None:
    """Read anew whose inbox it was; that alone does not mean that the account is gone."""
    parts = urlsplit(event.inbox_url)
    there = Account.objects.remote().filter(uri__startswith=f"{parts.scheme}://{parts.netloc}/")
    account = there.filter(inbox_url=event.inbox_url).first()
    if account is not None:
        Account.objects.filter(pk=account.pk).update(fetched_at=None)
        account.fetched_at = None
        refresh_soon(account)


@shared_task(name="accounts.delete_gone", queue="default")
def delete_gone(*, account_id: int) -> None:
    """Delete a remote account whose server says that it is gone. Repeat-safe."""
    account = Account.objects.remote().filter(pk=account_id).first()
    if account is not None:
        delete_account(account)
