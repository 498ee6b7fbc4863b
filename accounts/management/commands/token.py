"""manage.py token create NAME --scopes "…": a token without a consent page, for development and tests."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Account, Application, Membership
from accounts.oauth.applications import OUT_OF_BAND
from accounts.oauth.scopes import ALL, parse_scopes, unknown_scopes
from accounts.oauth.tokens import issue_token

_CLIENT_ID = "manage.py"


class Command(BaseCommand):
    """Refuses to work outside development: there, only a person's consent makes a token."""

    help = "Creates an access token for a local account (development only)."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create a token")
        create.add_argument("name", help="the username, without @ and domain")
        create.add_argument("--scopes", default="read write follow push", help="separated by blanks")
        create.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("Tokens are made by hand in development only.")
        scopes = parse_scopes(options["scopes"])
        if unknown := unknown_scopes(scopes):
            raise CommandError(f"Unknown scopes: {' '.join(unknown)}")
        account = Account.objects.with_handle(options["name"], None).first()
        owner = Membership.objects.filter(account=account, role=Membership.Role.OWNER).first()
        if account is None or owner is None:
            raise CommandError(f"There is no account {options['name']} with an owner.")
        token, secret = issue_token(_command_line(), owner.user, account, scopes)
        if options["json"]:
            answer = {
                "access_token": secret,
                "scope": " ".join(token.scopes),
                "account_id": str(account.pk),
            }
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(secret)


def _command_line() -> Application:
    application, _created = Application.objects.get_or_create(
        client_id=_CLIENT_ID,
        defaults={
            "name": "manage.py",
            "redirect_uris": [OUT_OF_BAND],
            "scopes": list(ALL),
            # No secret has this hash: nobody can speak for this app.
            "client_secret_hash": "",
            "created_at": timezone.now(),
        },
    )
    return application
