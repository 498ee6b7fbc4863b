"""The mails that a development server keeps as files (Django's file backend), read for /development/mails."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

SHOWN_MAILS = 50
# What the file backend writes after each mail.
_SEPARATOR = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True)
class KeptMail:
    """One mail as a reader sees it."""

    to: str
    subject: str
    sent_at: datetime
    language: str
    text: str


def read_mails(folder: Path) -> list[KeptMail]:
    """Return the newest mails of a folder, newest first; a folder that is not there holds none."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    mails = [mail for path in files[:SHOWN_MAILS] for mail in reversed(list(_mails_of(path)))]
    return mails[:SHOWN_MAILS]


def _mails_of(path: Path) -> Iterator[KeptMail]:
    for raw in path.read_bytes().split(_SEPARATOR):
        if raw.strip():
            yield _read(email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default))


def _read(message: EmailMessage) -> KeptMail:
    body = message.get_body(("plain",))
    return KeptMail(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent_at=parsedate_to_datetime(str(message["Date"])),
        language=str(message["Content-Language"] or ""),
        text=body.get_content() if body else "",
    )
