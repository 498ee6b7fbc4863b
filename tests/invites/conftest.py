"""A link, and somebody who opens it. What needs settings is imported late: these are read after this file."""

import pytest
from django.test import Client
from django.utils import timezone


@pytest.fixture
def token(db: None) -> str:
    """A link for one person."""
    from invites.links import issue_link

    return issue_link(issued_by=None, now=timezone.now())[1]


@pytest.fixture
def browser() -> Client:
    """A browser that reads German and checks forms as a real one is checked."""
    return Client(headers={"Accept-Language": "de"}, enforce_csrf_checks=True)
