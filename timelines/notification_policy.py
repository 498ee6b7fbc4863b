"""Whom a person wants to hear of: what the policy says about a notification that is about to be written.

`judge` is called by timelines/notifications.py; the rest by the API doors.
Source: API behaviours section 12; Mastodon docs, "NotificationPolicy".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Follow, Membership, User
from core.errors import Unprocessable
from timelines.models import NotificationPermission, NotificationPolicy, Status

NEW_FOLLOWER = timedelta(days=3)
NEW_ACCOUNT = timedelta(days=30)
CONDITIONS = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
    "for_bots",
)
_JUDGED = frozenset(
    {"mention", "reblog", "follow", "follow_request", "favourite", "quote", "added_to_collection"}
)
_SPOKEN = frozenset({"mention", "quote"})
_BOTS = (Account.ActorType.SERVICE, Account.ActorType.APPLICATION)
_Action = NotificationPolicy.Action


@dataclass(frozen=True)
class _Tie:
    """What a recipient and the sender are to each other."""

    recipient_id: int
    follows: bool
    followed_for_long: bool
    permitted: bool
    policy: Mapping[str, str]


def judge(
    recipients: "QuerySet[Account]", type: str, sender: Account, status: Status | None, now: datetime
) -> dict[int, bool]:
    """Return who is told, by id, and whether it is held back; whose policy drops it is left out."""
    if type not in _JUDGED:
        return dict.fromkeys(recipients.values_list("pk", flat=True), False)
    verdicts = {
        tie.recipient_id: _verdict(tie, type, sender, status, now)
        for tie in _load_ties(recipients, sender, now)
    }
    if type in _SPOKEN and set(verdicts.values()) - {_Action.ACCEPT} and _is_staff(sender):
        return dict.fromkeys(verdicts, False)
    return {pk: action == _Action.FILTER for pk, action in verdicts.items() if action != _Action.DROP}


def _load_ties(recipients: "QuerySet[Account]", sender: Account, now: datetime) -> list[_Tie]:
    accepted = Follow.objects.accepted()
    rows = recipients.annotate(
        follows=Exists(accepted.filter(account=OuterRef("pk"), target=sender)),
        followed_for_long=Exists(
            accepted.filter(account=sender, target=OuterRef("pk"), accepted_at__lte=now - NEW_FOLLOWER)
        ),
        permitted=Exists(NotificationPermission.objects.filter(account=OuterRef("pk"), from_account=sender)),
    ).select_related("notification_policy")
    return [_Tie(row.pk, row.follows, row.followed_for_long, row.permitted, _policy_of(row)) for row in rows]


def _policy_of(account: Account) -> dict[str, str]:
    policy = getattr(account, "notification_policy", None) or NotificationPolicy()
    return {name: getattr(policy, name) for name in CONDITIONS}


def _verdict(tie: _Tie, type: str, sender: Account, status: Status | None, now: datetime) -> str:
    """Return the strictest action of the conditions that hold."""
    if tie.permitted:
        return _Action.ACCEPT
    stranger = not tie.follows
    holds = {
        "for_not_following": stranger,
        "for_not_followers": not tie.followed_for_long,
        "for_new_accounts": stranger and sender.created_at > now - NEW_ACCOUNT,
        "for_private_mentions": stranger and type == "mention" and _out_of_the_blue(tie, status),
        "for_limited_accounts": stranger and sender.silenced_at is not None,
        "for_bots": stranger and sender.actor_type in _BOTS,
    }
    actions = {tie.policy[name] for name in CONDITIONS if holds[name]}
    return next((action for action in (_Action.DROP, _Action.FILTER) if action in actions), _Action.ACCEPT)


def _out_of_the_blue(tie: _Tie, status: Status | None) -> bool:
    """True for a private mention that answers nothing of the recipient's."""
    return (
        status is not None
        and status.visibility in (Status.Visibility.DIRECT, Status.Visibility.LIMITED)
        and status.in_reply_to_account_id != tie.recipient_id
    )


def _is_staff(sender: Account) -> bool:
    staff = (User.Role.ADMIN, User.Role.MODERATOR)
    owners = Membership.objects.filter(account=sender, role=Membership.Role.OWNER, user__role__in=staff)
    return sender.is_local and owners.exists()


# Kept by the person


def find_policy(account: Account) -> NotificationPolicy:
    """Return the policy of ``account``; an unsaved one has the defaults."""
    found = NotificationPolicy.objects.filter(account=account).first()
    return found or NotificationPolicy(account=account)


def update_policy(account: Account, changes: Mapping[str, str]) -> NotificationPolicy:
    """Change some conditions and return the policy. Raises Unprocessable for an unknown action."""
    if not set(changes.values()) <= set(_Action.values):
        raise Unprocessable(_("A policy can accept, filter or drop"))
    NotificationPolicy.objects.bulk_create([NotificationPolicy(account=account)], ignore_conflicts=True)
    if changes:
        NotificationPolicy.objects.filter(account=account).update(**changes)
    return find_policy(account)
