"""Rows of media: attachments and custom emoji."""

from media.models.attachment import MediaAttachment, MediaAttachmentQuerySet
from media.models.emoji import CustomEmoji, CustomEmojiQuerySet

__all__ = ["CustomEmoji", "CustomEmojiQuerySet", "MediaAttachment", "MediaAttachmentQuerySet"]
