"""What has to be done before the processes of `bin/up` start; `genosocial/up.py` runs it as a program.

Brings the database, the translations and the static files up to date, and makes the first administrator and
the first invitation when there is no administrator yet. The last line of its output is JSON for its caller.
"""

import json
import os
import secrets
import sys
from email.utils import parseaddr

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")

ADMINISTRATOR = "admin"
FIRST_INVITATION_USES = 5


def main() -> None:
    """Prepare everything; prints `{"address"}`, on the first start also email, password and invitation."""
    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError
    from redis import RedisError

    from core import pubsub
    from genosocial.catalogues import compile_catalogues

    compile_catalogues()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {error}") from None
    try:
        pubsub.connection().ping()
    except RedisError as error:
        raise SystemExit(f"The server of REDIS_URL cannot be used: {error}") from None
    call_command("collectstatic", verbosity=0, interactive=False)
    sys.stdout.write(json.dumps(_first_steps()) + "\n")


def _first_steps() -> dict[str, str]:
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone

    from accounts.models import User
    from accounts.registration import create_local_account
    from invites.links import issue_link, link_url

    steps = {"address": settings.BASE_URL}
    if User.objects.filter(role=User.Role.ADMIN).exists():
        return steps
    email = parseaddr(settings.CONTACT_EMAIL)[1]
    password = secrets.token_urlsafe(12)
    with transaction.atomic():  # a password that nobody has seen must not stay
        administrator, _ = create_local_account(
            username=ADMINISTRATOR, email=email, password=password, role=User.Role.ADMIN
        )
        _, token = issue_link(issued_by=administrator, max_uses=FIRST_INVITATION_USES, now=timezone.now())
        return steps | {"email": email, "password": password, "invitation": link_url(token)}


if __name__ == "__main__":
    main()
