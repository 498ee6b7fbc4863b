"""manage.py account create NAME --email … --password …: makes a person with an account, without questions."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.registration import create_local_account
from core.errors import Unprocessable


class Command(BaseCommand):
    """For administrators and scripts; the address counts as confirmed."""

    help = "Creates a local account and the login of its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create an account")
        create.add_argument("name", help="the username, without @ and domain")
        create.add_argument("--email", required=True)
        create.add_argument("--password", required=True)
        create.add_argument("--role", choices=User.Role.values, default=User.Role.USER.value)
        create.add_argument("--locale", choices=["de", "en"], default="de")
        create.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user, account = create_local_account(
                username=options["name"],
                email=options["email"],
                password=options["password"],
                role=options["role"],
                locale=options["locale"],
            )
        except Unprocessable as error:
            raise CommandError(str(error.message)) from error
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "id": str(account.pk),
                        "username": account.username,
                        "url": account.url,
                        "email": user.email,
                        "role": user.role,
                    }
                )
            )
        else:
            self.stdout.write(f"@{account.handle} ({user.role}) can sign in with {user.email}.")
