"""What is ours: the host names of this server and the uris on them."""

from django.conf import settings

from core.hosts import host_of


def local_hosts() -> frozenset[str]:
    """Return the `host[:port]` names of this server: of its addresses, of its handles, and former ones."""
    return frozenset({settings.WEB_DOMAIN, settings.LOCAL_DOMAIN, *settings.ALTERNATE_DOMAINS})


def is_local_uri(uri: str) -> bool:
    """Tell whether a URI is on one of our host names."""
    return host_of(uri) in local_hosts()
