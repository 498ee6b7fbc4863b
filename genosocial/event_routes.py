"""Event of a lower floor → handlers of the floors above; see core/events.py."""

from accounts.events import UserConfirmed

ROUTES: dict[type, tuple[str, ...]] = {
    UserConfirmed: ("invites.signup.complete_redemption",),
}
