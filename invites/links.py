"""Invitation links: issued, found, judged, revoked.

Called by the staff page, `manage.py invite`, the sign-up page and the first start of a server.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.errors import FieldError, Gone, NotFound, Unprocessable
from invites.models import MOST_USES, Invite, InviteToken, Redemption
from invites.tokens import hash_token, new_token, normalise_token

MOST_DAYS = 90
LONGEST_COMMENT = 420


class LinkClosed(Gone):
    """The link was good once; ``state`` says why it is not now."""

    def __init__(self, state: Invite.State) -> None:
        super().__init__(_REASONS[state])
        self.state = state


_REASONS: dict[Invite.State, Promise] = {
    Invite.State.EXPIRED: gettext_lazy("The time of this invitation is over."),
    Invite.State.REVOKED: gettext_lazy("This invitation was withdrawn."),
    Invite.State.EXHAUSTED: gettext_lazy("All places of this invitation are taken."),
}


def issue_link(
    *, issued_by: User | None, max_uses: int = 1, valid_days: int = 14, comment: str = "", now: datetime
) -> tuple[Invite, str]:
    """Make an invitation for 1–500 people over 1–90 days; return it with its token, which is kept nowhere.

    Raises Unprocessable whose details name ``max_uses``, ``valid_days`` or ``comment``.
    """
    _check(max_uses, valid_days, comment)
    token = new_token()
    with transaction.atomic():
        invite = Invite.objects.create(
            issued_by=issued_by,
            max_uses=max_uses,
            expires_at=now + timedelta(days=valid_days),
            comment=comment.strip(),
            created_at=now,
        )
        InviteToken.objects.create(invite=invite, hash=hash_token(token), tail=token[-4:], created_at=now)
    return invite, token


def link_url(token: str) -> str:
    """Return the full address of a token's sign-up page."""
    return settings.BASE_URL + reverse("invite", kwargs={"token": token})


def find_link(token: str) -> Invite | None:
    """Return the invitation that a normalised token opens, in whatever state it is."""
    return Invite.objects.with_token_hash(hash_token(token)).first()


def get_open_link(spelling: str, *, now: datetime) -> Invite:
    """Return the invitation behind a token as somebody typed it.

    Raises NotFound for an unknown or impossible token (the latter without asking the database), LinkClosed
    for one that is expired, revoked or used up.
    """
    token = normalise_token(spelling)
    invite = find_link(token) if token else None
    if invite is None:
        raise NotFound(_("This invitation link is not known here."))
    require_open(invite, now=now)
    return invite


def require_open(invite: Invite, *, now: datetime) -> None:
    """Raise LinkClosed unless somebody may sign up by this invitation; exact only while its row is locked."""
    taken = Redemption.objects.counting().filter(invite=invite).count()
    state = invite.state_at(now, taken)
    if state != Invite.State.OPEN:
        raise LinkClosed(state)


def list_links() -> QuerySet[Invite]:
    """Return all invitations, the newest first, with ``reserved`` and ``completed`` places counted."""
    return Invite.objects.for_list()


def revoke_link(invite_id: int, *, now: datetime) -> Invite:
    """End an invitation at once, opened forms included; accounts that came in by it stay. Raises NotFound."""
    Invite.objects.filter(pk=invite_id, revoked_at__isnull=True).update(revoked_at=now)
    invite = Invite.objects.filter(pk=invite_id).first()
    if invite is None:
        raise NotFound
    return invite


def _check(max_uses: int, valid_days: int, comment: str) -> None:
    details: dict[str, list[FieldError]] = {}
    if not 1 <= max_uses <= MOST_USES:
        details["max_uses"] = [_out_of_range(MOST_USES)]
    if not 1 <= valid_days <= MOST_DAYS:
        details["valid_days"] = [_out_of_range(MOST_DAYS)]
    if len(comment) > LONGEST_COMMENT:
        description = _("The comment may have at most %(most)d characters.") % {"most": LONGEST_COMMENT}
        details["comment"] = [{"error": "ERR_TOO_LONG", "description": description}]
    if details:
        raise Unprocessable(details=details)


def _out_of_range(most: int) -> FieldError:
    return {
        "error": "ERR_INCLUSION",
        "description": _("Please enter a number from 1 to %(most)d.") % {"most": most},
    }
