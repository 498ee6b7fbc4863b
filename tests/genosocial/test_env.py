"""The environment: all faults at once, secrets from files, nothing dangerous outside development."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from genosocial.env import EnvironmentFaults, read_environment

GOOD = {
    "GENOSOCIAL_DOMAIN": "social.example",
    "SECRET_KEY": "k" * 32,
    "DATABASE_URL": "postgresql://anna:p%40ss@db.internal:5433/social?sslmode=require",
    "REDIS_URL": "redis://:secret@cache.internal:6379/0",
    "EMAIL_URL": "smtp+tls://robot:pw@mail.example:587",
}


def faults_of(variables: dict[str, str]) -> str:
    with pytest.raises(EnvironmentFaults) as caught:
        read_environment(variables)
    return "\n".join(caught.value.faults)


def test_good_settings_come_out_typed() -> None:
    environment = read_environment(GOOD)

    assert environment.development is False
    assert environment.base_url == "https://social.example"
    assert environment.streaming_url == "wss://social.example"
    assert environment.database["HOST"] == "db.internal"
    assert environment.database["PASSWORD"] == "p@ss"
    assert environment.database["OPTIONS"] == {"sslmode": "require"}
    assert environment.email is not None
    assert environment.email["EMAIL_USE_TLS"] is True
    assert environment.mail_from == "genosocial@social.example"
    assert environment.alternate_domains == ()
    assert environment.authorized_fetch is False


def test_files_may_lie_in_an_object_store_with_a_host_of_its_own() -> None:
    assert read_environment(GOOD).s3 is None
    assert read_environment(GOOD).media_base_url == "https://social.example"
    store = {"GENOSOCIAL_S3_BUCKET": "files", "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b"}
    environment = read_environment({**GOOD, **store, "GENOSOCIAL_MEDIA_URL": "https://files.example"})
    assert environment.s3 is not None
    storage = import_string("storages.backends.s3.S3Storage")(**environment.s3)
    assert storage.url("attachments/a.jpg") == "https://files.example/attachments/a.jpg"
    assert faults_of({**GOOD, "GENOSOCIAL_S3_BUCKET": "files"}).count("S3_") == 4


def test_handles_may_lead_here_from_other_domains() -> None:
    environment = read_environment({**GOOD, "GENOSOCIAL_ALTERNATE_DOMAINS": "Former.example, old.example"})
    assert environment.alternate_domains == ("former.example", "old.example")


def test_all_missing_settings_are_listed_at_once() -> None:
    faults = faults_of({}).splitlines()

    names = [fault.split(" ")[0] for fault in faults]
    assert names == ["GENOSOCIAL_DOMAIN", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GENOSOCIAL_DEVELOPMENT", "maybe"),
        ("GENOSOCIAL_DOMAIN", "https://social.example"),
        ("GENOSOCIAL_DOMAIN", "social.example:8000"),
        ("GENOSOCIAL_BASE_URL", "http://social.example"),
        ("GENOSOCIAL_BASE_URL", "https://social.example/sub"),
        ("GENOSOCIAL_BASE_URL", "https://anna@social.example"),
        ("GENOSOCIAL_STREAMING_URL", "https://social.example"),
        ("GENOSOCIAL_ALTERNATE_DOMAINS", "former.example,https://old.example"),
        ("GENOSOCIAL_PRIVATE_HOSTS", "localhost:8001"),
        ("GENOSOCIAL_MEDIA_URL", "files.example"),
        ("GENOSOCIAL_MEDIA_CACHE_GB", "some"),
        ("GENOSOCIAL_MEDIA_FETCH", "never"),
        ("GENOSOCIAL_MAIL_FROM", "nobody"),
        ("GENOSOCIAL_CONTACT_EMAIL", "nobody"),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://db/social"),
        ("DATABASE_URL", "postgresql://db:port/social"),
        ("DATABASE_URL", "postgresql://db"),
        ("REDIS_URL", "cache.internal:6379"),
        ("EMAIL_URL", "https://mail.example"),
    ],
)
def test_a_wrong_setting_is_the_only_fault_and_is_named(name: str, value: str) -> None:
    faults = faults_of({**GOOD, name: value})

    assert faults.startswith(name)
    assert len(faults.splitlines()) == 1


def test_development_allows_plain_http_private_hosts_and_no_mail_server() -> None:
    variables = {name: value for name, value in GOOD.items() if name != "EMAIL_URL"} | {
        "GENOSOCIAL_DEVELOPMENT": "1",
        "GENOSOCIAL_DOMAIN": "localhost:8000",
        "GENOSOCIAL_BASE_URL": "http://localhost:8000/",
        "GENOSOCIAL_PRIVATE_HOSTS": "a.localhost:8001, b.localhost:8002",
    }

    environment = read_environment(variables)

    assert environment.web_scheme == "http"
    assert environment.web_domain == environment.local_domain == "localhost:8000"
    assert environment.streaming_url == "ws://localhost:8000"
    assert environment.private_hosts == ("a.localhost:8001", "b.localhost:8002")
    assert environment.email is None


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("f" * 40 + "\n")
    variables = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}

    environment = read_environment({**variables, "SECRET_KEY_FILE": str(secret)})

    assert environment.secret_key == "f" * 40


def test_a_secret_file_that_is_missing_or_doubled_is_a_fault(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    without_key = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}

    missing = faults_of({**without_key, "SECRET_KEY_FILE": str(secret)})
    secret.write_text("f" * 40)
    doubled = faults_of({**GOOD, "SECRET_KEY_FILE": str(secret)})

    assert missing.startswith("SECRET_KEY_FILE: ")
    assert len(missing.splitlines()) == 1
    assert "both set" in doubled


def run_manage(variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "manage.py", "diffsettings"],
        env={**clean, **variables},
        cwd=Path(__file__).resolve().parent.parent.parent,
        capture_output=True,
        text=True,
    )


def test_a_start_with_faults_is_refused_with_the_list(tmp_path: Path) -> None:
    result = run_manage({"GENOSOCIAL_DATA_DIR": str(tmp_path), "SECRET_KEY": "short"})

    assert result.returncode == 1
    assert "SECRET_KEY has only 5 signs" in result.stderr
    assert "GENOSOCIAL_DOMAIN is not set" in result.stderr
    assert "Traceback" not in result.stderr


def test_manage_finds_the_server_that_runs_beside_it(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in GOOD.items()]
    (tmp_path / "environment").write_text("\n".join(lines))

    result = run_manage({"GENOSOCIAL_DATA_DIR": str(tmp_path)})

    assert "LOCAL_DOMAIN = 'social.example'" in result.stdout, result.stderr


def test_the_file_beside_never_mixes_with_given_settings(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("GENOSOCIAL_DEVELOPMENT=1\nGENOSOCIAL_DOMAIN=localhost:8000\n")

    result = run_manage({"GENOSOCIAL_DATA_DIR": str(tmp_path), "DATABASE_URL": GOOD["DATABASE_URL"]})

    assert result.returncode == 1
    assert "GENOSOCIAL_DOMAIN is not set" in result.stderr
