"""Address → door."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, re_path, register_converter

from accounts import views as account_views
from accounts.api import accounts as account_doors
from accounts.api import apps as app_doors
from accounts.api import credentials, discovery, domain_blocks, emails, endorsements, familiar, relations
from accounts.api import lists as account_lists
from accounts.oauth import endpoints as oauth
from accounts.oauth import pages as oauth_pages
from accounts.pages import confirmation, passwords
from accounts.pages.home import home
from accounts.pages.signing_in import SignIn
from core import pages as core_pages
from core.api.errors import json_not_found
from federation.urls import urlpatterns as federation_urls
from genosocial.health import health
from invites.api import accounts as sign_up_doors
from invites.pages import signup as sign_up_pages
from media.api.custom_emojis import CustomEmojis
from media.api.media import Media, MediaUploads, MediaUploadsV1
from media.views import proxy_media, serve_media
from moderation.api.reports import Reports
from moderation.pages import announcements as announcement_pages
from moderation.pages import emojis as staff_emojis
from moderation.pages import invitations
from moderation.pages import reports as report_pages
from moderation.pages import terms as staff_terms
from timelines import import_pages, mail_pages
from timelines import pages as status_pages
from timelines import views as status_views
from timelines.api import announcements as announcement_doors
from timelines.api import collections as collection_doors
from timelines.api import conversations as conversation_doors
from timelines.api import filters as filter_doors
from timelines.api import grouped_notifications as grouped
from timelines.api import instance, not_offered, profile
from timelines.api import interactions as interaction_doors
from timelines.api import lists as list_doors
from timelines.api import notification_policy as policy_doors
from timelines.api import notifications as notification_doors
from timelines.api import polls as poll_doors
from timelines.api import quotes as quote_doors
from timelines.api import scheduled as scheduled_doors
from timelines.api import search as search_doors
from timelines.api import statuses as status_doors
from timelines.api import tags as tag_doors
from timelines.api import timelines as timeline_doors
from timelines.api import trends as trend_doors
from timelines.api.interactions import door
from timelines.api.oembed import OEmbed
from timelines.api.push import Subscription, Unsubscribe
from timelines.api.streaming import redirect_to_streaming
from timelines.api.terms import TermsOfServiceView
from timelines.api.translation import Translate
from timelines.conversation_mutes import mute_conversation, unmute_conversation
from timelines.interactions import bookmark, favourite, pin, unbookmark, unfavourite, unpin
from timelines.tags import feature_tag, follow_tag, unfeature_tag, unfollow_tag
from timelines.terms_pages import terms_page

register_converter(account_views.NameConverter, "name")

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
    # what is asked for most, since addresses are tried in their order
    path("api/v1/timelines/home", timeline_doors.Home.as_view()),
    path("api/v1/timelines/public", timeline_doors.Public.as_view()),
    path("api/v1/notifications", notification_doors.Notifications.as_view()),
    path("api/v2/notifications", grouped.NotificationGroups.as_view()),
    path("api/v1/statuses", status_doors.Statuses.as_view()),
    path("api/v1/statuses/<str:status_id>", status_doors.StatusById.as_view()),
    path("api/v1/statuses/<str:status_id>/context", status_doors.StatusContext.as_view()),
    path("api/v1/accounts/<str:account_id>/statuses", timeline_doors.AccountStatuses.as_view()),
    path("api/v2/search", search_doors.Search.as_view()),
    # pages: getting in
    path("", home, name="home"),
    path("login", SignIn.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("confirm/again", confirmation.mail_again, name="confirm-again"),
    path("confirm/<str:token>", confirmation.confirm, name="confirm_email"),
    path("password/forgotten", passwords.forgotten, name="password-forgotten"),
    path("password/reset/<uidb64>/<token>", passwords.ResetPassword.as_view(), name="password-reset"),
    path("password/change", passwords.ChangePassword.as_view(), name="password-change"),
    path("invite/<str:token>", sign_up_pages.sign_up, name="invite"),
    path("sign-up/sent", sign_up_pages.sent, name="sign-up-sent"),
    path("settings/mail", mail_pages.mail_settings, name="mail-settings"),
    path("unsubscribe/<str:signed>", mail_pages.mail_unsubscribe, name="mail-unsubscribe"),
    path("terms-of-service", terms_page, name="terms"),
    path("terms-of-service/<str:day>", terms_page, name="terms-of-day"),
    path("development/mails", core_pages.development_mails, name="development-mails"),
    # pages: import and export
    path("settings/imports", import_pages.imports, name="imports"),
    path("settings/imports/<int:import_id>", import_pages.show_import, name="import"),
    path("settings/imports/<int:import_id>/confirm", import_pages.confirm, name="import-confirm"),
    path("settings/imports/<int:import_id>/cancel", import_pages.cancel, name="import-cancel"),
    path("settings/imports/<int:import_id>/failures.csv", import_pages.failures, name="import-failures"),
    path("settings/exports/<str:kind>.csv", import_pages.export, name="export"),
    # pages: staff
    path("staff/invitations", invitations.invitations, name="staff-invitations"),
    path("staff/invitations/<int:invite_id>/revoke", invitations.revoke, name="staff-invitation-revoke"),
    path("staff/reports", report_pages.reports, name="staff-reports"),
    path("staff/reports/<int:report_id>", report_pages.report, name="staff-report"),
    path("staff/emojis", staff_emojis.Emojis.as_view(), name="staff-emojis"),
    path("staff/emojis/<int:emoji_id>", staff_emojis.change, name="staff-emoji"),
    path("staff/terms", staff_terms.Terms.as_view(), name="staff-terms"),
    path("staff/terms/<int:terms_id>/withdraw", staff_terms.withdraw, name="staff-terms-withdraw"),
    path("staff/announcements", announcement_pages.Announcements.as_view(), name="staff-announcements"),
    path(
        "staff/announcements/<int:announcement_id>/withdraw",
        announcement_pages.withdraw,
        name="staff-announcement-withdraw",
    ),
    # federation: accounts
    path(".well-known/webfinger", account_views.webfinger),
    path("users/<name:username>", account_views.actor),
    path("users/<name:username>/inbox", account_views.inbox),
    path("users/<name:username>/followers", account_views.followers),
    path("users/<name:username>/followers_synchronization", account_views.followers_synchronization),
    path("users/<name:username>/following", account_views.following),
    path("@<name:username>", account_views.profile, name="profile"),
    # federation: statuses
    path("users/<name:username>/outbox", status_views.outbox),
    path("users/<name:username>/collections/featured", status_views.featured),
    path("users/<name:username>/collections/tags", status_views.featured_tags),
    path("users/<name:username>/statuses/<int:status_id>", status_views.note),
    path("users/<name:username>/statuses/<int:status_id>/activity", status_views.activity),
    path("users/<name:username>/statuses/<int:status_id>/replies", status_views.replies),
    path("users/<name:username>/statuses/<int:status_id>/likes", status_views.likes),
    path("users/<name:username>/statuses/<int:status_id>/shares", status_views.shares),
    path("users/<name:username>/quote_authorizations/<int:quote_id>", status_views.quote_authorization),
    path("@<name:username>/<int:status_id>", status_views.status_page, name="status"),
    path("contexts/<int:account_id>-<int:status_id>", status_views.context),
    # federation: inboxes, the instance actor, host-meta, NodeInfo
    *federation_urls,
    # media
    path("api/v1/media", MediaUploadsV1.as_view()),
    path("api/v2/media", MediaUploads.as_view()),
    path("api/v1/media/<str:media_id>", Media.as_view()),
    path("api/v1/custom_emojis", CustomEmojis.as_view()),
    path("media_files/<path:path>", serve_media),
    path("media_proxy/<str:kind>/<str:rendition>/<str:signature>/<str:name>", proxy_media),
    path("emojis/<int:emoji_id>", status_pages.emoji),
    # timelines: statuses and what people do with them
    path("api/v1/statuses/<str:status_id>/history", status_doors.StatusHistory.as_view()),
    path("api/v1/statuses/<str:status_id>/source", status_doors.StatusSource.as_view()),
    path("api/v1/statuses/<str:status_id>/favourite", door(favourite, "write", "write:favourites")),
    path("api/v1/statuses/<str:status_id>/unfavourite", door(unfavourite, "write", "write:favourites")),
    path("api/v1/statuses/<str:status_id>/reblog", interaction_doors.Reblog.as_view()),
    path("api/v1/statuses/<str:status_id>/unreblog", interaction_doors.Unreblog.as_view()),
    path("api/v1/statuses/<str:status_id>/bookmark", door(bookmark, "write", "write:bookmarks")),
    path("api/v1/statuses/<str:status_id>/unbookmark", door(unbookmark, "write", "write:bookmarks")),
    path("api/v1/statuses/<str:status_id>/pin", door(pin, "write", "write:accounts")),
    path("api/v1/statuses/<str:status_id>/unpin", door(unpin, "write", "write:accounts")),
    path("api/v1/statuses/<str:status_id>/favourited_by", interaction_doors.FavouritedBy.as_view()),
    path("api/v1/statuses/<str:status_id>/reblogged_by", interaction_doors.RebloggedBy.as_view()),
    path("api/v1/statuses/<str:status_id>/quotes", quote_doors.Quotes.as_view()),
    path(
        "api/v1/statuses/<str:status_id>/quotes/<str:quoting_status_id>/revoke",
        quote_doors.Revocation.as_view(),
    ),
    path("api/v1/statuses/<str:status_id>/interaction_policy", quote_doors.InteractionPolicy.as_view()),
    path("api/v1/statuses/<str:status_id>/mute", door(mute_conversation, "write", "write:mutes")),
    path("api/v1/statuses/<str:status_id>/unmute", door(unmute_conversation, "write", "write:mutes")),
    path("api/v1/statuses/<str:status_id>/translate", Translate.as_view()),
    path("api/v1/scheduled_statuses", scheduled_doors.ScheduledStatuses.as_view()),
    path("api/v1/scheduled_statuses/<str:scheduled_id>", scheduled_doors.ScheduledStatusById.as_view()),
    path("api/v1/conversations", conversation_doors.Conversations.as_view()),
    path("api/v1/conversations/<str:conversation_id>", conversation_doors.ConversationById.as_view()),
    path("api/v1/conversations/<str:conversation_id>/read", conversation_doors.MarkConversation.as_view()),
    path(
        "api/v1/conversations/<str:conversation_id>/unread",
        conversation_doors.MarkConversation.as_view(unread=True),
    ),
    path("api/v1/polls/<str:poll_id>", poll_doors.PollById.as_view()),
    path("api/v1/polls/<str:poll_id>/votes", poll_doors.Votes.as_view()),
    path("api/v1/favourites", interaction_doors.Favourites.as_view()),
    path("api/v1/bookmarks", interaction_doors.Bookmarks.as_view()),
    # timelines: where statuses appear, and what people are told
    path("api/v1/timelines/tag/<str:hashtag>", timeline_doors.Hashtag.as_view()),
    path("api/v1/notifications/clear", notification_doors.Clear.as_view()),
    path("api/v1/notifications/unread_count", notification_doors.UnreadCount.as_view()),
    path("api/v2/notifications/clear", notification_doors.Clear.as_view()),
    path("api/v2/notifications/unread_count", grouped.UnreadGroupCount.as_view()),
    path("api/v1/notifications/policy", policy_doors.PolicyV1.as_view()),
    path("api/v2/notifications/policy", policy_doors.Policy.as_view()),
    path("api/v1/notifications/requests", policy_doors.Requests.as_view()),
    path("api/v1/notifications/requests/merged", policy_doors.Merged.as_view()),
    path("api/v1/notifications/requests/accept", policy_doors.AnswerRequests.as_view(accept=True)),
    path("api/v1/notifications/requests/dismiss", policy_doors.AnswerRequests.as_view(accept=False)),
    path("api/v1/notifications/requests/<str:request_id>", policy_doors.RequestById.as_view()),
    path(
        "api/v1/notifications/requests/<str:request_id>/accept",
        policy_doors.AnswerRequest.as_view(accept=True),
    ),
    path(
        "api/v1/notifications/requests/<str:request_id>/dismiss",
        policy_doors.AnswerRequest.as_view(accept=False),
    ),
    path("api/v1/notifications/<str:notification_id>", notification_doors.NotificationById.as_view()),
    path("api/v1/notifications/<str:notification_id>/dismiss", notification_doors.Dismiss.as_view()),
    # a group's key may be any word: after those above
    path("api/v2/notifications/<str:group_key>", grouped.NotificationGroup.as_view()),
    path("api/v2/notifications/<str:group_key>/accounts", grouped.NotificationGroupAccounts.as_view()),
    path("api/v2/notifications/<str:group_key>/dismiss", grouped.DismissGroup.as_view()),
    path("api/v1/announcements", announcement_doors.Announcements.as_view()),
    path("api/v1/announcements/<str:announcement_id>/dismiss", announcement_doors.Dismiss.as_view()),
    path(
        "api/v1/announcements/<str:announcement_id>/reactions/<str:name>",
        announcement_doors.Reaction.as_view(),
    ),
    path("api/v1/push/subscription", Subscription.as_view()),
    path("api/web/push_subscriptions/<str:signed_id>", Unsubscribe.as_view()),
    path("api/v1/reports", Reports.as_view()),
    path("api/v1/markers", notification_doors.Markers.as_view()),
    path("api/v1/trends", trend_doors.TrendingTagsOfOld.as_view()),
    path("api/v1/trends/tags", trend_doors.TrendingTags.as_view()),
    path("api/v1/trends/links", trend_doors.TrendingLinks.as_view()),
    path("api/v1/trends/statuses", trend_doors.TrendingStatuses.as_view()),
    path("api/v1/timelines/link", trend_doors.LinkTimeline.as_view()),
    path("api/oembed", OEmbed.as_view()),
    path("tags/<str:name>", status_pages.tag_page, name="tag"),
    path("collections/<int:collection_id>", status_pages.collection_page, name="collection"),
    path("authorize_interaction", status_pages.authorize_interaction),
    path("share", status_pages.share),
    # timelines: hashtags
    path("api/v1/tags/<str:name>", tag_doors.TagByName.as_view()),
    path("api/v1/tags/<str:name>/follow", tag_doors.door(follow_tag, tag_doors.WRITE_FOLLOWS)),
    path("api/v1/tags/<str:name>/unfollow", tag_doors.door(unfollow_tag, tag_doors.WRITE_FOLLOWS)),
    path("api/v1/tags/<str:name>/feature", tag_doors.door(feature_tag, tag_doors.WRITE_ACCOUNTS)),
    path("api/v1/tags/<str:name>/unfeature", tag_doors.door(unfeature_tag, tag_doors.WRITE_ACCOUNTS)),
    path("api/v1/followed_tags", tag_doors.FollowedTags.as_view()),
    path("api/v1/featured_tags", tag_doors.FeaturedTags.as_view()),
    path("api/v1/featured_tags/suggestions", tag_doors.SuggestedTags.as_view()),
    path("api/v1/featured_tags/<str:featured_tag_id>", tag_doors.FeaturedTagById.as_view()),
    path("api/v1/accounts/<str:account_id>/featured_tags", tag_doors.FeaturedTagsOfAccount.as_view()),
    # timelines: lists
    path("api/v1/lists", list_doors.Lists.as_view()),
    path("api/v1/lists/<str:list_id>", list_doors.ListById.as_view()),
    path("api/v1/lists/<str:list_id>/accounts", list_doors.ListAccounts.as_view()),
    path("api/v1/accounts/<str:account_id>/lists", list_doors.ListsOfAccount.as_view()),
    path("api/v1/timelines/list/<str:list_id>", list_doors.ListTimeline.as_view()),
    # timelines: collections, at their old addresses too
    *collection_doors.routes("v1"),
    *collection_doors.routes("v1_alpha", deprecated=True),
    # timelines: filters
    path("api/v1/filters", filter_doors.Phrases.as_view()),
    path("api/v1/filters/<str:keyword_id>", filter_doors.PhraseById.as_view()),
    path("api/v2/filters", filter_doors.Filters.as_view()),
    path("api/v2/filters/keywords/<str:keyword_id>", filter_doors.KeywordById.as_view()),
    path("api/v2/filters/statuses/<str:filter_status_id>", filter_doors.StatusById.as_view()),
    path("api/v2/filters/<str:filter_id>", filter_doors.FilterById.as_view()),
    path("api/v2/filters/<str:filter_id>/keywords", filter_doors.Keywords.as_view()),
    path("api/v2/filters/<str:filter_id>/statuses", filter_doors.Statuses.as_view()),
    # accounts: OAuth
    path("api/v1/apps", app_doors.Apps.as_view()),
    path("api/v1/apps/verify_credentials", app_doors.OwnApp.as_view()),
    path("oauth/authorize", oauth_pages.Authorize.as_view(), name="oauth-authorize"),
    path("oauth/authorize/native", oauth_pages.show_code, name="oauth-native"),
    path("oauth/token", oauth.Token.as_view()),
    path("oauth/revoke", oauth.Revoke.as_view()),
    path("oauth/introspect", oauth.Introspect.as_view()),
    path("oauth/token/info", oauth.TokenInfo.as_view()),
    path("oauth/userinfo", oauth.UserInfo.as_view()),
    path(".well-known/oauth-authorization-server", oauth.Metadata.as_view()),
    # accounts: API
    path("api/v1/accounts", sign_up_doors.Accounts.as_view()),
    path("api/v1/accounts/verify_credentials", credentials.VerifyCredentials.as_view()),
    path("api/v1/accounts/update_credentials", credentials.UpdateCredentials.as_view()),
    path("api/v1/accounts/lookup", account_doors.Lookup.as_view()),
    path("api/v1/accounts/search", account_doors.Search.as_view()),
    path("api/v1/accounts/relationships", account_doors.Relationships.as_view()),
    path("api/v1/accounts/familiar_followers", familiar.FamiliarFollowers.as_view()),
    path("api/v1/accounts/<str:account_id>", account_doors.AccountById.as_view()),
    path("api/v1/accounts/<str:account_id>/followers", account_lists.Followers.as_view()),
    path("api/v1/accounts/<str:account_id>/following", account_lists.Following.as_view()),
    path("api/v1/accounts/<str:account_id>/follow", relations.Follow.as_view()),
    path("api/v1/accounts/<str:account_id>/unfollow", relations.Unfollow.as_view()),
    path("api/v1/accounts/<str:account_id>/remove_from_followers", relations.RemoveFromFollowers.as_view()),
    path("api/v1/accounts/<str:account_id>/block", relations.Block.as_view()),
    path("api/v1/accounts/<str:account_id>/unblock", relations.Unblock.as_view()),
    path("api/v1/accounts/<str:account_id>/mute", relations.Mute.as_view()),
    path("api/v1/accounts/<str:account_id>/unmute", relations.Unmute.as_view()),
    path("api/v1/accounts/<str:account_id>/note", relations.Note.as_view()),
    path("api/v1/accounts/<str:account_id>/endorse", endorsements.Endorse.as_view()),
    path("api/v1/accounts/<str:account_id>/unendorse", endorsements.Unendorse.as_view()),
    path("api/v1/accounts/<str:account_id>/pin", endorsements.Endorse.as_view()),
    path("api/v1/accounts/<str:account_id>/unpin", endorsements.Unendorse.as_view()),
    path("api/v1/accounts/<str:account_id>/endorsements", endorsements.EndorsementsOfAccount.as_view()),
    path("api/v1/accounts/<str:account_id>/identity_proofs", account_doors.IdentityProofs.as_view()),
    path("api/v1/endorsements", endorsements.OwnEndorsements.as_view()),
    path("api/v1/directory", discovery.Directory.as_view()),
    path("api/v1/suggestions", discovery.SuggestionsV1.as_view()),
    path("api/v1/suggestions/<str:account_id>", discovery.SuggestionById.as_view()),
    path("api/v2/suggestions", discovery.Suggestions.as_view()),
    path("api/v1/emails/confirmations", emails.ConfirmationMails.as_view()),
    path("api/v1/emails/check_confirmation", emails.CheckConfirmation.as_view()),
    path("api/v1/blocks", account_lists.Blocks.as_view()),
    path("api/v1/mutes", account_lists.Mutes.as_view()),
    path("api/v1/follow_requests", account_lists.FollowRequests.as_view()),
    path("api/v1/follow_requests/<str:account_id>/authorize", account_lists.AuthorizeRequest.as_view()),
    path("api/v1/follow_requests/<str:account_id>/reject", account_lists.RejectRequest.as_view()),
    path("api/v1/domain_blocks", domain_blocks.DomainBlocks.as_view()),
    path("api/v1/domain_blocks/preview", domain_blocks.DomainBlockPreview.as_view()),
    path("api/v1/preferences", credentials.Preferences.as_view()),
    path("api/v1/profile", profile.Profile.as_view()),
    path("api/v1/profile/avatar", credentials.ProfilePicture.as_view(), {"name": "avatar"}),
    path("api/v1/profile/header", credentials.ProfilePicture.as_view(), {"name": "header"}),
    # about this server
    path("api/v1/instance", instance.InstanceV1View.as_view()),
    path("api/v2/instance", instance.InstanceView.as_view()),
    path("api/v1/instance/rules", instance.RulesView.as_view()),
    path("api/v1/instance/peers", instance.PeersView.as_view()),
    path("api/v1/peers/search", instance.PeersSearchView.as_view()),
    path("api/v1/instance/activity", instance.ActivityView.as_view()),
    path("api/v1/instance/domain_blocks", instance.DomainBlocksView.as_view()),
    path("api/v1/instance/extended_description", instance.ExtendedDescriptionView.as_view()),
    path("api/v1/instance/privacy_policy", instance.PrivacyPolicyView.as_view()),
    path("api/v1/instance/terms_of_service", TermsOfServiceView.as_view()),
    path("api/v1/instance/terms_of_service/<str:day>", TermsOfServiceView.as_view()),
    path("api/v1/instance/languages", instance.LanguagesView.as_view()),
    path("api/v1/instance/translation_languages", instance.TranslationLanguagesView.as_view()),
    path("nodeinfo/2.0", instance.nodeinfo, {"version": "2.0"}),
    path("nodeinfo/2.1", instance.nodeinfo, {"version": "2.1"}),
    # streaming has a process of its own
    path("api/v1/streaming", redirect_to_streaming),
    path("api/v1/streaming/<path:path>", redirect_to_streaming),
    # what is not offered here
    path("api/v1/annual_reports", not_offered.AnnualReports.as_view()),
    path("api/v1/annual_reports/<str:year>", not_offered.AnnualReport.as_view()),
    path("api/v1/annual_reports/<str:year>/state", not_offered.AnnualReportState.as_view()),
    path("api/v1/annual_reports/<str:year>/generate", not_offered.GenerateAnnualReport.as_view()),
    path("api/v1/annual_reports/<str:year>/read", not_offered.ReadAnnualReport.as_view()),
    path("api/v1/accounts/<str:account_id>/email_subscriptions", not_offered.EmailSubscriptions.as_view()),
    path("api/v1/donation_campaigns", not_offered.DonationCampaigns.as_view()),
    path("api/v1_alpha/async_refreshes/<str:refresh_id>", not_offered.AsyncRefresh.as_view()),
    # whatever else is asked of the API: keep this last
    re_path("^api(?:/|$)", json_not_found),
]

handler403 = "core.pages.forbidden"
handler404 = "core.pages.not_found"
handler500 = "core.pages.broken"
