"""Account: an actor, local or remote, person, bot, group or organisation."""

from collections.abc import Iterable
from typing import Self

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower, Upper

from accounts.handles import readable_host
from core.fields import SnowflakeField
from core.folded import Folded


class AccountQuerySet(models.QuerySet["Account"]):
    """Filters over accounts, chainable."""

    def local(self) -> Self:
        """Keep the accounts of this server."""
        return self.filter(domain__isnull=True)

    def remote(self) -> Self:
        """Keep the accounts of other servers."""
        return self.filter(domain__isnull=False)

    def visible(self) -> Self:
        """Keep those that an app may see by id: not deleted, and ours only when somebody confirmed it."""
        memberships = apps.get_model("accounts", "Membership").objects.filter(account=OuterRef("pk"))
        pending = Exists(memberships) & ~Exists(memberships.filter(user__confirmed_at__isnull=False))
        return self.filter(deleted_at__isnull=True).exclude(Q(domain__isnull=True) & pending)

    def available(self) -> Self:
        """Keep those that are neither suspended nor deleted."""
        return self.filter(suspended_at__isnull=True)

    def with_handle(self, username: str, domain: str | None) -> Self:
        """Keep the one account of that handle, however its letters are cased."""
        return self.with_handles([(username, domain)])

    def with_handles(self, handles: Iterable[tuple[str, str | None]]) -> Self:
        """Keep the accounts of these handles, however their letters are cased."""
        wanted = Q(pk__in=[])
        for username, domain in handles:
            host = Q(domain=domain.lower()) if domain else Q(domain__isnull=True)
            wanted |= Q(lower_username=username.lower()) & host
        return self.annotate(lower_username=Lower("username")).filter(wanted)


class Account(models.Model):
    """An actor. ``domain`` is NULL for ours; else host[:port], lower case, ASCII (IDNA)."""

    class ActorType(models.TextChoices):
        PERSON = "Person"
        SERVICE = "Service"
        GROUP = "Group"
        ORGANIZATION = "Organization"
        APPLICATION = "Application"

    class QuotePolicy(models.TextChoices):
        PUBLIC = "public"
        FOLLOWERS = "followers"
        NOBODY = "nobody"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        UNLISTED = "unlisted"
        PRIVATE = "private"
        DIRECT = "direct"

    id = SnowflakeField()
    username = models.CharField(max_length=2048)
    domain = models.CharField(max_length=260, null=True, blank=True)
    uri = models.CharField(max_length=2048, unique=True)
    url = models.CharField(max_length=2048, default="", blank=True)
    actor_type = models.CharField(max_length=20, choices=ActorType, default=ActorType.PERSON)
    display_name = models.CharField(max_length=2048, default="", blank=True)
    # Ours: the text as written. Remote: sanitised HTML.
    note = models.TextField(default="", blank=True)
    # [{"name": …, "value": …, "verified_at": ISO 8601 or null}], values as for ``note``.
    fields = models.JSONField(default=list, blank=True)
    avatar = models.CharField(max_length=500, default="", blank=True)
    avatar_remote_url = models.CharField(max_length=2048, default="", blank=True)
    avatar_description = models.TextField(default="", blank=True)
    header = models.CharField(max_length=500, default="", blank=True)
    header_remote_url = models.CharField(max_length=2048, default="", blank=True)
    header_description = models.TextField(default="", blank=True)
    locked = models.BooleanField(default=False)
    discoverable = models.BooleanField(default=False)
    indexable = models.BooleanField(default=False)
    hide_collections = models.BooleanField(default=False)
    # Which parts of the profile apps show.
    show_media = models.BooleanField(default=True)
    show_media_replies = models.BooleanField(default=True)
    show_featured = models.BooleanField(default=True)
    # The sites whose articles may name this account as their author.
    attribution_domains = ArrayField(models.CharField(max_length=260), default=list, blank=True)
    memorial = models.BooleanField(default=False)
    also_known_as = ArrayField(models.CharField(max_length=2048), default=list, blank=True)
    moved_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    silenced_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    # Its own server said so, and only its own server takes it back.
    suspended_by_origin = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True, blank=True)
    # Addresses of a remote actor; ours are derived from ``uri``.
    inbox_url = models.CharField(max_length=2048, default="", blank=True)
    shared_inbox_url = models.CharField(max_length=2048, default="", blank=True)
    outbox_url = models.CharField(max_length=2048, default="", blank=True)
    followers_url = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    following_url = models.CharField(max_length=2048, default="", blank=True)
    featured_url = models.CharField(max_length=2048, default="", blank=True)
    featured_tags_url = models.CharField(max_length=2048, default="", blank=True)
    # Preferences of whoever posts as this account.
    default_visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    default_sensitive = models.BooleanField(default=False)
    default_language = models.CharField(max_length=35, default="", blank=True)
    default_quote_policy = models.CharField(max_length=10, choices=QuotePolicy, default=QuotePolicy.PUBLIC)
    statuses_count = models.PositiveIntegerField(default=0)
    followers_count = models.PositiveIntegerField(default=0)
    following_count = models.PositiveIntegerField(default=0)
    last_status_at = models.DateTimeField(null=True, blank=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                F("domain"),
                name="account_unique_handle",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(domain__isnull=True) | ~Q(domain=""),
                name="account_domain_null_not_empty",
            ),
        ]
        # The directory and suggestions read these from their start, however many accounts there are.
        indexes = [
            # Search by parts of names: what Django's istartswith asks for, and what is folded.
            GinIndex(OpClass(Upper("username"), name="gin_trgm_ops"), name="account_username_parts"),
            GinIndex(OpClass(Folded("display_name"), name="gin_trgm_ops"), name="account_display_name_parts"),
            models.Index(
                F("last_status_at").desc(nulls_last=True),
                F("id").desc(),
                condition=Q(discoverable=True),
                name="account_by_activity",
            ),
            models.Index(
                F("last_status_at").desc(nulls_last=True),
                F("id").desc(),
                condition=Q(discoverable=True, domain__isnull=True),
                name="account_local_by_activity",
            ),
            models.Index(
                fields=["-followers_count", "-id"],
                condition=Q(discoverable=True, domain__isnull=True),
                name="account_local_by_followers",
            ),
        ]

    def __str__(self) -> str:
        return f"@{self.acct}"

    @property
    def is_local(self) -> bool:
        """True for an account of this server."""
        return self.domain is None

    @property
    def acct(self) -> str:
        """The handle as apps show it: bare for ours, ``name@domain`` for others, the domain readable."""
        return self.username if self.domain is None else f"{self.username}@{readable_host(self.domain)}"

    @property
    def handle(self) -> str:
        """The full handle ``name@domain``, for ours too."""
        return f"{self.username}@{self.domain or settings.LOCAL_DOMAIN}"

    @property
    def preferred_inbox_url(self) -> str:
        """Where a delivery to this remote account goes: the shared inbox if there is one."""
        return self.shared_inbox_url or self.inbox_url

    @property
    def key_id(self) -> str:
        """The id of the public key of an account of ours (federation contract 1.4)."""
        return f"{self.uri}#main-key"
