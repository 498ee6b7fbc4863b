"""Status: a post or a reblog, local or remote, with its mentions, tags and earlier versions."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest

from accounts.models import Account, Application
from core.fields import SnowflakeField


class Tag(models.Model):
    """A hashtag; ``name`` is normalised (NFKC, lower case), ``display_name`` as first seen."""

    name = models.CharField(max_length=200, unique=True)
    display_name = models.CharField(max_length=200)
    last_status_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # Search finds what stands inside a name, too.
        indexes = [GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="tag_name_parts")]

    def __str__(self) -> str:
        return f"#{self.display_name}"


class StatusQuerySet(models.QuerySet["Status"]):
    """Filters over statuses, chainable. Who may see what is in timelines/visibility.py."""

    def kept(self) -> Self:
        """Leave deleted ones out."""
        return self.filter(deleted_at__isnull=True)

    def originals(self) -> Self:
        """Leave reblogs out."""
        return self.filter(reblog_of__isnull=True)

    def add_to_count(self, name: str, step: int, *, told: bool) -> int:
        """Count one more (1) or less (-1) of ``name``, with ``told`` also in what the origin last told.

        Returns how many statuses that were.
        """
        changes: dict[str, Any] = {name: Greatest(F(name) + step, 0)}
        if told:
            origin = f"origin_{name}"
            # GREATEST passes over NULL, and what was never told stays so.
            changes[origin] = Case(
                When(**{f"{origin}__isnull": False}, then=Greatest(F(origin) + step, 0)), default=None
            )
        return self.update(**changes)


class Status(models.Model):
    """A status. A reblog is a row of its own with ``reblog_of`` and no text."""

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        UNLISTED = "unlisted"
        PRIVATE = "private"
        DIRECT = "direct"
        # Received only: addressed to some without naming them; apps see it as private.
        LIMITED = "limited"

    class ContentType(models.TextChoices):
        PLAIN = "text/plain"
        MARKDOWN = "text/markdown"

    id = SnowflakeField()
    uri = models.CharField(max_length=2048, unique=True)
    url = models.CharField(max_length=2048, default="", blank=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="statuses")
    is_local = models.BooleanField()
    # The text as written (ours only), and the HTML that everyone reads.
    text = models.TextField(default="", blank=True)
    content = models.TextField(default="", blank=True)
    # What ``text`` is written in.
    content_type = models.CharField(max_length=20, choices=ContentType, default=ContentType.PLAIN)
    spoiler_text = models.TextField(default="", blank=True)
    sensitive = models.BooleanField(default=False)
    visibility = models.CharField(max_length=10, choices=Visibility)
    language = models.CharField(max_length=35, null=True, blank=True)
    # The page that it is about, as its own server says beside the text.
    linked_url = models.CharField(max_length=2048, default="", blank=True)
    # Ids of media.MediaAttachment, in the author's order.
    media_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    tags: "models.ManyToManyField[Tag, StatusTag]" = models.ManyToManyField(
        Tag, through="StatusTag", related_name="statuses", blank=True
    )
    in_reply_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    # What the origin said we reply to, also when we do not have it (yet).
    in_reply_to_uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    in_reply_to_account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reblog_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="reblogs"
    )
    # Opaque thread key, sent as ``context`` and ``conversation``.
    conversation_uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    # Who may quote it: keys as in the API's ``quote_approval``; without asking, and after asking the author.
    quote_automatic = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    quote_manual = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # When the job that puts it into feeds had finished; a sweep looks for those it never finished.
    fanned_out_at = models.DateTimeField(null=True, blank=True)
    replies_count = models.PositiveIntegerField(default=0)
    reblogs_count = models.PositiveIntegerField(default=0)
    favourites_count = models.PositiveIntegerField(default=0)
    # What its own server says, for nobody else knows of all; shown, and believed no further.
    origin_reblogs_count = models.PositiveIntegerField(null=True, blank=True)
    origin_favourites_count = models.PositiveIntegerField(null=True, blank=True)
    # Accepted ones.
    quotes_count = models.PositiveIntegerField(default=0)

    objects = StatusQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "reblog_of"],
                name="status_unique_reblog",
                condition=Q(reblog_of__isnull=False, deleted_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["account", "idempotency_key"],
                name="status_unique_idempotency_key",
                condition=Q(idempotency_key__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "-id"],
                name="status_account",
                condition=Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["-id"],
                name="status_public",
                condition=Q(deleted_at__isnull=True, visibility="public", reblog_of__isnull=True),
            ),
            models.Index(
                fields=["-id"],
                name="status_public_local",
                condition=Q(
                    deleted_at__isnull=True,
                    visibility="public",
                    reblog_of__isnull=True,
                    is_local=True,
                ),
            ),
            models.Index(
                fields=["id"],
                name="status_not_fanned_out",
                condition=Q(fanned_out_at__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(
                fields=["created_at"],
                name="status_with_idempotency_key",
                condition=Q(idempotency_key__isnull=False),
            ),
            models.Index(
                fields=["deleted_at"],
                name="status_deleted",
                condition=Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.uri


class StatusTag(models.Model):
    """``status`` is said under ``tag``; the index reads the latest of a hashtag without the older ones."""

    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["status", "tag"], name="status_tag_unique")]
        indexes = [models.Index(fields=["tag", "-status"], name="status_tag_latest")]

    def __str__(self) -> str:
        return f"{self.status_id} is under #{self.tag_id}"


class Mention(models.Model):
    """``account`` is addressed by ``status``; a silent one has access and no notification."""

    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="mentions")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="mentions")
    silent = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["status", "account"], name="mention_unique")]

    def __str__(self) -> str:
        return f"{self.status_id} mentions {self.account_id}"


class StatusEdit(models.Model):
    """How a status looked before an edit; the first row is the original."""

    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="edits")
    text = models.TextField(default="", blank=True)
    content = models.TextField(default="", blank=True)
    spoiler_text = models.TextField(default="", blank=True)
    sensitive = models.BooleanField(default=False)
    media_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    # Alt texts of ``media_ids``, in the same order, as they were.
    media_descriptions = ArrayField(models.TextField(), default=list, blank=True)
    # What its poll asked; None when it had none.
    poll_options = ArrayField(models.TextField(), null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.status_id} as of {self.created_at:%Y-%m-%d %H:%M}"


class Tombstone(models.Model):
    """A URI that was deleted for good and must not come back."""

    uri = models.CharField(max_length=2048, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.uri
