"""What has to be done before the processes of `bin/up` start; `genosocial/up.py` runs it as a program.

Brings the database, the translations and the static files up to date, and makes the first administrator and
the first invitation when there is no administrator yet. The last line of its output is JSON for its caller.
"""

import json
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")

ADMINISTRATOR = "admin"


def main() -> None:
    """Prepare everything; prints `{"address"}`, on the first start also email, password and invitation."""
    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError

    from genosocial.catalogues import compile_catalogues

    compile_catalogues()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise SystemExit(f"The database of DATABASE_URL cannot be used: {error}") from None
    call_command("collectstatic", verbosity=0, interactive=False)
    print(json.dumps(_first_steps()))  # noqa: T201


def _first_steps() -> dict[str, Any]:
    from django.conf import settings

    from accounts.models import User

    steps = {"address": settings.BASE_URL}
    if User.objects.filter(role=User.Role.ADMIN).exists():
        return steps
    return steps


if __name__ == "__main__":
    main()
