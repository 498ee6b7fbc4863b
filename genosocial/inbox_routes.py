"""Activity type × object type → receiver; see federation/inbox.py."""

ROUTES: dict[tuple[str, str | None], str] = {}
