"""Which network addresses may be spoken to: names are resolved once, and the vetted address is what is
dialled.

Called by `core/http.py` only. `ipaddress.is_global` is no such filter: it differs by patch release and calls
NAT64 and 6to4 addresses global; hence the explicit list.
Source: contract of the federation, §7 (SSRF); IANA special-purpose registries.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence

from django.conf import settings

from core.errors import RemoteUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str], Sequence[str]]

_DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IPv4
        *(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
        ),
        *(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
        ),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # IPv6; ::/96 holds ::, ::1 and the v4-compatible ones. ::ffff/96 is unmapped and judged as IPv4.
        *(
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/32",
            "2001:10::/28",
            "2001:20::/28",
        ),
        *(
            "2001:db8::/32",
            "2002::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
            "3fff::/20",
        ),
    )
)
_HIDDEN_NETWORKS = (".onion", ".i2p")


class AddressRefused(RemoteUnreachable):
    """The name leads, or the URL points, to where we do not speak to."""

    permanent = True


class NameUnknown(RemoteUnreachable):
    """The name does not resolve."""


def is_denied(address: Address) -> bool:
    """Tell whether an address is not to be dialled: not globally routable, or a disguise of such a one."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in _DENIED)


def is_private_host(host: str, port: int) -> bool:
    """Tell whether a development setting lets this host[:port] be private, plain http or on another port."""
    allowed = settings.FEDERATION_PRIVATE_HOSTS
    return host in allowed or f"{host}:{port}" in allowed


def system_resolver(host: str) -> Sequence[str]:
    """Resolve a name by the operating system; `*.localhost` is loopback without asking (RFC 6761 §6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return ("127.0.0.1",)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknown(cause=f"{host} does not resolve: {error}") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def vetted_address(host: str, port: int, resolve: Resolver) -> str:
    """Return the one address to dial for a host; raises AddressRefused if ANY of its addresses is denied.

    One private address among public ones is the mark of rebinding, so it spoils them all.
    """
    if host.endswith(_HIDDEN_NETWORKS):
        raise AddressRefused(cause=f"{host} is on a hidden network")
    addresses = resolve(host)
    if not addresses:
        raise NameUnknown(cause=f"{host} has no address")
    if not is_private_host(host, port):
        for text in addresses:
            if is_denied(ipaddress.ip_address(text.partition("%")[0])):
                raise AddressRefused(cause=f"{host} resolves to {text}, which is not a public address")
    return _preferred(addresses)


def _preferred(addresses: Sequence[str]) -> str:
    """IPv4 first: a host without IPv6 connectivity is common, one without IPv4 is not."""
    return next((address for address in addresses if ":" not in address), addresses[0])
