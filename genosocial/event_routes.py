"""Event of a lower floor → handlers of the floors above; see core/events.py."""

from accounts.events import AccountBlocked, FollowAccepted, FollowEnded, FollowRequested, UserConfirmed

ROUTES: dict[type, tuple[str, ...]] = {
    FollowRequested: ("timelines.events.on_follow_requested",),
    FollowAccepted: ("timelines.events.on_follow_accepted",),
    FollowEnded: ("timelines.events.on_follow_ended",),
    AccountBlocked: ("timelines.events.on_account_blocked",),
    UserConfirmed: ("invites.signup.complete_redemption",),
}
