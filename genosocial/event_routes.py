"""Event of a lower floor → handlers of the floors above; see core/events.py."""

ROUTES: dict[type, tuple[str, ...]] = {}
