"""Rows of media: attachments, custom emoji, copies of other servers' files."""

from media.models.attachment import MediaAttachment, MediaAttachmentQuerySet
from media.models.emoji import CustomEmoji, CustomEmojiQuerySet
from media.models.remote_copy import RemoteCopy, RemoteCopyQuerySet

__all__ = [
    "CustomEmoji",
    "CustomEmojiQuerySet",
    "MediaAttachment",
    "MediaAttachmentQuerySet",
    "RemoteCopy",
    "RemoteCopyQuerySet",
]
