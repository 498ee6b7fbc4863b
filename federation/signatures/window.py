"""How long a signed request may be under way: the same for both schemes.

Source: contract of the federation §2.2 (4), §2.3.
"""

from datetime import UTC, datetime, timedelta

from federation.signatures.errors import SignatureInvalid

CLOCK_SKEW = timedelta(hours=1)
DEFAULT_LIFETIME = timedelta(minutes=5)
MAX_LIFETIME = timedelta(hours=12)


def check_window(created: datetime, expires: datetime | None, now: datetime) -> None:
    """Refuse what was signed in the future or has expired, an hour of wrong clocks granted; raises
    SignatureInvalid.

    Without an expiry a request lives five minutes; no expiry makes it live longer than twelve hours.
    """
    # Asked first: at the end of the calendar there is nothing to add.
    if created > now + CLOCK_SKEW:
        raise SignatureInvalid("outside_time_window")
    end = min(expires or created + DEFAULT_LIFETIME, created + MAX_LIFETIME)
    if now > end + CLOCK_SKEW:
        raise SignatureInvalid("outside_time_window")


def read_unix_time(seconds: int) -> datetime:
    """Return the moment that a count of seconds since 1970 names; raises SignatureInvalid."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SignatureInvalid("malformed_header") from error
