"""The only reader of the process environment: names in, one checked `Environment` out.

`genosocial/settings.py` calls `load()` once. Every fault is collected, so that an administrator sees all of
them in one go; the start is then refused. `bin/up` leaves a file named `environment` in its data folder, so
that `manage.py` works beside a running development server without any setting: it is read, whole, only when
`DATABASE_URL` is not given.
"""

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

SOURCE_FOLDER = Path(__file__).resolve().parent.parent
LOCAL_FILE_NAME = "environment"
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
SECRET_KEY_MIN_LENGTH = 32
# When files of other servers are fetched: once somebody here looks at them, or already as they arrive.
MEDIA_FETCH = ("view", "arrival")

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_MAIL_ADDRESS = re.compile(r"(?:[^<>]*<)?[^@<>\s]+@[^@<>\s]+>?")
_MAIL_SCHEMES = (
    "smtp",
    "smtp+tls",
    "smtp+ssl",
    "consolemail",
    "filemail",
    "memorymail",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """All that the environment may say, checked and typed."""

    development: bool
    secret_key: str
    local_domain: str  # in handles: @anna@<local_domain>; lower case, with a port only in development
    alternate_domains: tuple[str, ...]  # more domains whose handles lead here, such as a former one
    base_url: str  # external address without a trailing slash, e.g. https://social.example
    web_scheme: str  # "https", in development also "http"
    web_domain: str  # host[:port] of base_url
    media_base_url: str  # where stored files are fetched: that of the server, or a host of their own
    s3: Mapping[str, Any] | None  # options of the S3 storage; None: files lie in data_dir
    media_cache_bytes: int  # most bytes of files of other servers
    media_fetch: str  # one of MEDIA_FETCH
    streaming_url: str  # ws:// or wss://, without a trailing slash
    private_hosts: tuple[str, ...]  # host or host[:port] that may be private or plain http; development only
    authorized_fetch: bool  # documents only for servers that sign their requests ("secure mode")
    data_dir: Path
    database: Mapping[str, Any]  # one entry of Django's DATABASES
    redis_url: str
    email: Mapping[str, Any] | None  # EMAIL_* settings of Django; None: development without EMAIL_URL
    mail_from: str
    instance_name: str
    contact_email: str


class EnvironmentFaults(Exception):
    """Settings that are missing or wrong; `faults` has one line for each, saying what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def load() -> Environment:
    """Read the environment of this process, or end it with the list of faults (exit code 1)."""
    try:
        return read_environment(_with_local_file(os.environ))
    except EnvironmentFaults as error:
        lines = "".join(f"\n  - {fault}" for fault in error.faults)
        raise SystemExit(f"genosocial does not start; these settings are wrong:{lines}") from None


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Check `variables` and give them typed; raises EnvironmentFaults with all faults at once."""
    reader = _Reader(variables)
    development = reader.flag("GENOSOCIAL_DEVELOPMENT")
    local_domain = reader.domain(development)
    base_url = reader.address(
        "GENOSOCIAL_BASE_URL",
        f"https://{local_domain}",
        ("https", "http") if development else ("https",),
    )
    scheme, web_domain = base_url.split("://", 1)
    streaming_url = reader.address(
        "GENOSOCIAL_STREAMING_URL",
        f"{'wss' if scheme == 'https' else 'ws'}://{web_domain}",
        ("wss", "ws") if development else ("wss",),
    )
    media_base_url = reader.address(
        "GENOSOCIAL_MEDIA_URL", base_url, ("https", "http") if development else ("https",)
    )
    environment = Environment(
        development=development,
        secret_key=reader.secret_key(),
        local_domain=local_domain,
        alternate_domains=reader.hosts("GENOSOCIAL_ALTERNATE_DOMAINS"),
        base_url=base_url,
        web_scheme=scheme,
        web_domain=web_domain,
        media_base_url=media_base_url,
        s3=reader.s3(media_base_url if media_base_url != base_url else ""),
        media_cache_bytes=reader.gigabytes("GENOSOCIAL_MEDIA_CACHE_GB", 10) * 1024**3,
        media_fetch=reader.choice("GENOSOCIAL_MEDIA_FETCH", MEDIA_FETCH),
        streaming_url=streaming_url,
        private_hosts=reader.private_hosts(development),
        authorized_fetch=reader.flag("GENOSOCIAL_AUTHORIZED_FETCH"),
        data_dir=_data_dir(variables),
        database=reader.database(),
        redis_url=reader.redis_url(),
        email=reader.email(development),
        mail_from=reader.mail_address("GENOSOCIAL_MAIL_FROM", f"genosocial@{_mail_host(local_domain)}"),
        instance_name=reader.text("GENOSOCIAL_INSTANCE_NAME") or local_domain,
        contact_email=reader.mail_address("GENOSOCIAL_CONTACT_EMAIL", f"admin@{_mail_host(local_domain)}"),
    )
    if reader.faults:
        raise EnvironmentFaults(reader.faults)
    return environment


class _Reader:
    """Takes values by name and notes a fault instead of raising, so that one run finds them all."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.faults: list[str] = []

    def fault(self, line: str) -> None:
        self.faults.append(line)

    def text(self, name: str) -> str:
        """The value of `name`, or for a secret the content of the file that NAME_FILE names."""
        value = self.variables.get(name, "").strip()
        file_name = self.variables.get(f"{name}_FILE", "") if name in SECRETS else ""
        if not file_name:
            return value
        if value:
            self.fault(f"{name} and {name}_FILE are both set: keep one of them.")
            return value
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.fault(f"{name}_FILE: {file_name} cannot be read ({error}): give a readable text file.")
            return ""

    def required(self, name: str, hint: str) -> str:
        known_faults = len(self.faults)
        value = self.text(name)
        if not value and len(self.faults) == known_faults:
            self.fault(f"{name} is not set: {hint}")
        return value

    def flag(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in _YES | _NO:
            self.fault(f"{name} is {value!r}: set it to 1 or 0.")
        return value in _YES

    def secret_key(self) -> str:
        key = self.required(
            "SECRET_KEY",
            "set a long random text, e.g. the output of `openssl rand -hex 32`.",
        )
        if key and len(key) < SECRET_KEY_MIN_LENGTH:
            self.fault(
                f"SECRET_KEY has only {len(key)} signs: use at least {SECRET_KEY_MIN_LENGTH} random ones."
            )
        return key

    def domain(self, development: bool) -> str:
        name = "GENOSOCIAL_DOMAIN"
        domain = self.required(name, "set the domain of your handles, e.g. social.example.").lower()
        match = _HOST.fullmatch(domain)
        if domain and not match:
            self.fault(
                f"{name} is {domain!r}: set a bare host name such as social.example (no https://, no path)."
            )
        elif match and match["port"] and not development:
            self.fault(f"{name} is {domain!r}: leave out the port; only a development server may have one.")
        return domain

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name).rstrip("/").lower()
        if not value:
            return default
        scheme, _, host = value.partition("://")
        if scheme not in schemes or not _HOST.fullmatch(host):
            wanted = " or ".join(f"{each}://" for each in schemes)
            self.fault(f"{name} is {value!r}: set {wanted}host, without a path or a user name.")
            return default
        return value

    def s3(self, media_base_url: str) -> Mapping[str, Any] | None:
        """The options of django-storages for a bucket, if one is named."""
        bucket = self.text("GENOSOCIAL_S3_BUCKET")
        if not bucket:
            return None
        hint = "set it, or leave out GENOSOCIAL_S3_BUCKET to keep files in the data folder."
        options = {
            "bucket_name": bucket,
            "endpoint_url": self.text("GENOSOCIAL_S3_ENDPOINT") or None,
            "region_name": self.text("GENOSOCIAL_S3_REGION") or None,
            "access_key": self.required("S3_ACCESS_KEY", hint),
            "secret_key": self.required("S3_SECRET_KEY", hint),
            "querystring_auth": False,
            "file_overwrite": False,
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        }
        return options | {"custom_domain": media_base_url.partition("://")[2] or None}

    def gigabytes(self, name: str, default: int) -> int:
        value = self.text(name) or str(default)
        if not re.fullmatch(r"[0-9]{1,6}", value):
            self.fault(f"{name} is {value!r}: set a whole number of gigabytes.")
            return default
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name) or choices[0]
        if value not in choices:
            self.fault(f"{name} is {value!r}: set one of {', '.join(choices)}.")
        return value

    def private_hosts(self, development: bool) -> tuple[str, ...]:
        name = "GENOSOCIAL_PRIVATE_HOSTS"
        hosts = self.hosts(name)
        if hosts and not development:
            self.fault(
                f"{name} is set outside development: remove it, it would open the private network to anyone."
            )
        return hosts

    def hosts(self, name: str) -> tuple[str, ...]:
        hosts = tuple(host.strip().lower() for host in self.text(name).split(",") if host.strip())
        for host in hosts:
            if not _HOST.fullmatch(host):
                self.fault(f"{name} has {host!r}: list host or host:port, separated by commas.")
        return hosts

    def database(self) -> Mapping[str, Any]:
        value = self.required("DATABASE_URL", "set postgresql://user:password@host:5432/name.")
        if not value:
            return {}
        if urlsplit(value).scheme not in ("postgres", "postgresql") or not urlsplit(value).path.strip("/"):
            self.fault(
                "DATABASE_URL is not a PostgreSQL address: set postgresql://user:password@host:5432/name."
            )
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return dict(environ.Env.db_url_config(value))
            except (ValueError, Warning) as error:
                self.fault(
                    f"DATABASE_URL cannot be understood ({type(error).__name__}): check port and quoting."
                )
                return {}

    def redis_url(self) -> str:
        value = self.required("REDIS_URL", "set redis://host:6379/0.")
        parts = urlsplit(value)
        if value and (parts.scheme not in ("redis", "rediss") or not parts.hostname):
            self.fault(
                "REDIS_URL is not a Redis or Valkey address: set redis://[:password@]host:6379/0 or rediss://…."
            )
        return value

    def email(self, development: bool) -> Mapping[str, Any] | None:
        value = self.text("EMAIL_URL")
        if not value:
            if not development:
                self.required("EMAIL_URL", "set smtp+tls://user:password@host:587.")
            return None
        parts = urlsplit(value)
        if parts.scheme not in _MAIL_SCHEMES or (parts.scheme.startswith("smtp") and not parts.hostname):
            self.fault(
                "EMAIL_URL is not a mail server: set smtp+tls://user:password@host:587, smtp+ssl://… or smtp://…."
            )
            return None
        config = environ.Env.email_url_config(value)
        return {name: setting for name, setting in config.items() if name.startswith("EMAIL_") and setting}

    def mail_address(self, name: str, default: str) -> str:
        value = self.text(name) or default
        if not _MAIL_ADDRESS.fullmatch(value) and value != default:
            self.fault(f"{name} is {value!r}: set an address such as admin@social.example.")
        return value


def _data_dir(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("GENOSOCIAL_DATA_DIR") or SOURCE_FOLDER / "var").resolve()


def _mail_host(domain: str) -> str:
    """The host part of a mail address; a development server may be named by a bare IPv4 address."""
    host = domain.split(":", 1)[0]
    return f"[{host}]" if host.replace(".", "").isdecimal() else host


def _with_local_file(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Beside a server that `bin/up` runs: its settings beneath the given ones.

    Read only when no database is named: a file left by a trial never mixes with a real server's settings.
    """
    if variables.get("DATABASE_URL") or variables.get("DATABASE_URL_FILE"):
        return variables
    path = _data_dir(variables) / LOCAL_FILE_NAME
    if not path.is_file():
        return variables
    lines = path.read_text(encoding="utf-8").splitlines()
    return {**dict(line.split("=", 1) for line in lines if "=" in line), **variables}
