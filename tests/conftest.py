"""What every test stands on: real PostgreSQL and Valkey, no other network, jobs that run when asked to."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

from tests.jobs import run_waiting_jobs
from tests.servers import TestServers, data_folder_of_worker, redis_url_of_worker

SERVERS = TestServers()

# The same examples on every run, however slow the machine: a test that fails now and then helps nobody.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before the settings are read; a parallel process uses those of its parent."""
    worker_input: dict[str, str] | None = getattr(config, "workerinput", None)
    if worker_input is None:
        SERVERS.start()
        os.environ.update(SERVERS.environment)
    else:
        worker_id = worker_input["workerid"]
        os.environ["REDIS_URL"] = redis_url_of_worker(os.environ["REDIS_URL"], worker_id)
        own_folder = data_folder_of_worker(os.environ["GENOSOCIAL_DATA_DIR"], worker_id)
        os.environ["GENOSOCIAL_DATA_DIR"] = own_folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "genosocial.settings"
    _block_network()
    _set_up_django()
    if worker_input is None:
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False)
    # A parallel process that inherited this would read its settings before it has its own Redis address.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers, also after a failure or Ctrl-C."""
    if getattr(config, "workerinput", None) is None:
        SERVERS.stop()


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    """Each test starts with an empty Redis."""
    from core.pubsub import connection

    connection().flushdb()
    yield


@pytest.fixture
def run_jobs(db: None) -> Callable[[], None]:
    """Give a function that lets happen what waits for the commit: the jobs, and the jobs that these enqueue.

    A test's transaction is rolled back, so without this nothing that waits for its commit would ever run.
    """
    return run_waiting_jobs


def _set_up_django() -> None:
    import django
    from django.conf import settings

    from genosocial.catalogues import compile_catalogues
    from genosocial.local_stack import DATABASE_NAME

    compile_catalogues()
    # The tables are there already; see tests/migrated.py.
    settings.DATABASES["default"]["TEST"] = {"TEMPLATE": DATABASE_NAME}
    # Otherwise each client of each test reads all static files first.
    settings.WHITENOISE_AUTOREFRESH = True
    django.setup()
    from accounts.passwords import Argon2Hasher
    from genosocial.celery import app

    # The least that argon2 takes: nobody attacks these passwords, and many tests sign somebody in.
    Argon2Hasher.time_cost, Argon2Hasher.memory_cost = 1, 8

    app.conf.update(task_always_eager=True, task_eager_propagates=True)


def _block_network() -> None:
    """Refuse every connection that would leave this machine; unknown names do not exist."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _require_loopback(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _require_loopback(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name == "localhost" or _is_address(name):
            return getaddrinfo(host, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, f"tests know no host but localhost: {name}")

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = guarded_getaddrinfo


def _require_loopback(used: socket.socket, address: Any) -> None:
    if used.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0]
    if host != "localhost" and not (_is_address(host) and ipaddress.ip_address(host).is_loopback):
        raise AssertionError(f"a test wanted to connect to {host}, outside this machine")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
