"""Event of a lower floor → handlers of the floors above; see core/events.py."""

from accounts.events import (
    AccountBlocked,
    AccountDeleted,
    AccountRead,
    FollowAccepted,
    FollowEnded,
    FollowMoved,
    FollowRequested,
    TokensRevoked,
    UserConfirmed,
)
from federation.events import ActorGone, ActorKeysReplaced, FollowersAnnounced, InboxGone
from media.events import RemoteFilesLeaving, RemoteFileWanted

ROUTES: dict[type, tuple[str, ...]] = {
    ActorGone: ("accounts.actor_events.on_actor_gone",),
    ActorKeysReplaced: (
        "accounts.actor_events.on_actor_keys_replaced",
        "timelines.events.on_actor_keys_replaced",
    ),
    InboxGone: ("accounts.actor_events.on_inbox_gone",),
    FollowersAnnounced: ("accounts.followers_sync.on_followers_announced",),
    RemoteFileWanted: ("timelines.media_care.refuse_files_of_blocked",),
    RemoteFilesLeaving: ("timelines.media_care.spare_what_people_care_for",),
    FollowRequested: ("timelines.events.on_follow_requested",),
    FollowAccepted: ("timelines.events.on_follow_accepted",),
    FollowEnded: ("timelines.events.on_follow_ended",),
    FollowMoved: ("timelines.events.on_follow_moved",),
    AccountBlocked: ("timelines.events.on_account_blocked",),
    AccountRead: ("timelines.remote_featured.on_account_read",),
    AccountDeleted: ("timelines.events.on_account_deleted",),
    TokensRevoked: ("timelines.push.on_tokens_revoked",),
    UserConfirmed: ("invites.signup.complete_redemption", "timelines.events.on_user_confirmed"),
}
