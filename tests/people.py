"""People with the apps they use: Mastodon.py as the app on the phone, toot as the one in the terminal."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mastodon import Mastodon

from tests.running_server import RunningServer
from tests.visitor import Visitor

PASSWORD = "richtig-langes-passwort-7"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


class Server(Protocol):
    """A server that one can reach, in processes or in threads."""

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end."""

    @property
    def domain(self) -> str:
        """The domain of its handles."""


@dataclass
class Person:
    """Someone with an account, signed in to an app."""

    name: str
    server: Server
    email: str
    app: Mastodon

    @property
    def handle(self) -> str:
        """How others address this person."""
        return f"@{self.name}@{self.server.domain}"


def join(server: RunningServer, name: str, *, language: str) -> Person:
    """Sign up with a fresh invitation, and sign in to an app."""
    invitation = server.manage("invite", "issue")["url"]
    email = f"{name}@mail.example"
    with Visitor(server.base_url, language=language) as visitor:
        visitor.sign_up(invitation, username=name, email=email, password=PASSWORD)
        return Person(name, server, email, sign_in_to_app(server, visitor))


def sign_in_to_app(server: Server, visitor: Visitor) -> Mastodon:
    """Register an app, let a visitor who has signed in consent, and exchange the code that the page shows."""
    client_id, client_secret = Mastodon.create_app("Phone", api_base_url=server.base_url)
    app = Mastodon(
        client_id, client_secret, api_base_url=server.base_url, request_timeout=30, ratelimit_method="throw"
    )
    code = visitor.consent(app.auth_request_url(allow_http=True))
    app.log_in(code=code, allow_http=True)
    return app


class Toot:
    """The terminal client, with a configuration folder of its own."""

    def __init__(self, person: Person, folder: Path) -> None:
        self._environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
        self._command = [sys.executable, "-m", "toot"]
        self._sign_in(person)

    def run(self, *arguments: str) -> str:
        """Run a command of it and return what it prints."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _sign_in(self, person: Person) -> None:
        login = subprocess.Popen(
            [*self._command, "login", "--instance", person.server.base_url],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert login.stdin is not None and login.stdout is not None
        line = next(line for line in login.stdout if "/oauth/authorize" in line)
        with Visitor(person.server.base_url) as visitor:
            visitor.sign_in(person.email, PASSWORD)
            code = visitor.consent(line.strip())
        rest, _ = login.communicate(f"n\n{code}\n", timeout=60)
        assert "Successfully logged in" in rest, rest
