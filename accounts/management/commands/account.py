"""manage.py account create|delete|move|alias NAME …: what is done to accounts, without questions."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.deletion import delete_local_account
from accounts.models import Account, User
from accounts.moves import add_alias, move_account, remove_alias
from accounts.registration import create_local_account
from core.errors import AppError, Unprocessable


class Command(BaseCommand):
    """For administrators and scripts; the address of a new person counts as confirmed."""

    help = "Creates a local account and the login of its owner, deletes one for good, or moves it."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create an account")
        create.add_argument("name", help="the username, without @ and domain")
        create.add_argument("--email", required=True)
        create.add_argument("--password", required=True)
        create.add_argument("--role", choices=User.Role.values, default=User.Role.USER.value)
        create.add_argument("--locale", choices=["de", "en"], default="de")
        create.add_argument("--json", action="store_true", help="answer with one JSON object")
        delete = actions.add_parser("delete", help="delete one with all it wrote; the name stays taken")
        delete.add_argument("name", help="the username, without @ and domain")
        delete.add_argument("--yes", action="store_true", help="say that this cannot be undone")
        move = actions.add_parser(
            "move", help="send its followers to another account, which names it as alias"
        )
        alias = actions.add_parser("alias", help="let another account, anywhere, move to this one")
        for parsed in (move, alias):
            parsed.add_argument("name", help="the username, without @ and domain")
            parsed.add_argument("other", help="the other account, as name@domain")
        alias.add_argument("--remove", action="store_true", help="take the alias back")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "delete":
            self._delete(self._account(options["name"]), sure=options["yes"])
        elif options["action"] in ("move", "alias"):
            self._move_or_alias(self._account(options["name"]), options)
        else:
            self._create(options)

    def _account(self, name: str) -> Account:
        account = Account.objects.with_handle(name, None).filter(deleted_at__isnull=True).first()
        if account is None:
            raise CommandError(f"There is no account @{name} here.")
        return account

    def _move_or_alias(self, account: Account, options: dict[str, Any]) -> None:
        other = options["other"]
        try:
            if options["action"] == "move":
                move_account(account, other, timezone.now())
            elif options["remove"]:
                remove_alias(account, other)
            else:
                add_alias(account, other)
        except AppError as error:
            raise CommandError(str(error.message)) from error
        if options["action"] == "move":
            self.stdout.write(f"@{account.handle} moved to {other}; its followers are being told.")
        else:
            names = ", ".join(account.also_known_as) or "nothing else"
            self.stdout.write(f"@{account.handle} is also known as {names}.")

    def _delete(self, account: Account, *, sure: bool) -> None:
        if not sure:
            raise CommandError(f"This deletes @{account.handle} with all it wrote, for good: say --yes.")
        delete_local_account(account)
        self.stdout.write(f"@{account.handle} is deleted; other servers are being told.")

    def _create(self, options: dict[str, Any]) -> None:
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
