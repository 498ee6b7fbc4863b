"""NodeInfo and host-meta: what kind of server this is and where its WebFinger lives. Pure rendering.

Called by `federation/views.py` and by the door that counts users and statuses.
Source: NodeInfo 2.0/2.1, RFC 6415; contract of the federation §1.1, §1.3.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

VERSIONS = ("2.0", "2.1")
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
_APPLICATION = "https://www.w3.org/ns/activitystreams#Application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much is going on here."""

    users_total: int
    active_month: int
    active_half_year: int
    local_posts: int


def render_links(instance_actor_uri: str) -> dict[str, Any]:
    """Return `/.well-known/nodeinfo`."""
    links = [
        {"rel": f"{_SCHEMA}{version}", "href": f"{settings.BASE_URL}/nodeinfo/{version}"}
        for version in VERSIONS
    ]
    return {"links": [*links, {"rel": _APPLICATION, "href": instance_actor_uri}]}


def render_nodeinfo(version: str, usage: Usage) -> dict[str, Any]:
    """Return the NodeInfo document of a schema version, "2.0" or "2.1"."""
    software = {"name": "genosocial", "version": settings.VERSION}
    if version == "2.1":
        software["homepage"] = f"{settings.BASE_URL}/"
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "usage": {
            "users": {
                "total": usage.users_total,
                "activeMonth": usage.active_month,
                "activeHalfyear": usage.active_half_year,
            },
            "localPosts": usage.local_posts,
        },
        # People come in by invitation only.
        "openRegistrations": False,
        "metadata": {
            "nodeName": settings.INSTANCE_NAME,
            "nodeDescription": "",
            # Whose API this is: some apps refuse a software name that they do not know (client checks).
            "upstream": {"name": "mastodon"},
        },
    }


def content_type(version: str) -> str:
    """Return the content type of a NodeInfo document."""
    return f'application/json; profile="{_SCHEMA}{version}#"; charset=utf-8'


def render_host_meta_xml() -> str:
    """Return `/.well-known/host-meta`."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template="{_template()}"/>\n'
        "</XRD>\n"
    )


def render_host_meta_json() -> dict[str, Any]:
    """Return `/.well-known/host-meta.json`."""
    return {"links": [{"rel": "lrdd", "template": _template()}]}


def _template() -> str:
    return f"{settings.BASE_URL}/.well-known/webfinger?resource={{uri}}"
