"""One spelling per host, or none."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.hosts import host_of, normalise_host, same_host, split_url

SCHEMES = ["http", "https", "HTTPS", ":", "//"]
HOSTS = ["a", "B.example", "ü", "[::1]", ":80", ":443", "xn--", "127.1", "0x7f.1", "a" * 70, "。", "%2e", "."]
SIGNS = ["/", "\\", "@", "?", "#", "&", "..", " ", "\t", "\x00", "\ud800", "\u202e"]
PIECES = st.sampled_from(SCHEMES + HOSTS + SIGNS)
URLS = st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=40).map("https://a.example/{}".format)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Social.Example", "social.example"),
        ("social.example:8443", "social.example:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("a_b.example", "a_b.example"),
        ("[::1]:80", "[::1]:80"),
    ],
)
def test_normalise_host(given: str, wanted: str) -> None:
    assert normalise_host(given) == wanted


@pytest.mark.parametrize(
    "given",
    [
        "",
        ".",
        "a.",
        "a..b",
        "-a.example",
        "a b",
        "a/b",
        "a@b",
        "a:0",
        "a:99999",
        "a:",
        "a\n",
        "a" * 64,
        "[::1",
        "ü.",
    ]
    + [".".join(["abcdefgh"] * 40)],
)
def test_what_is_no_host(given: str) -> None:
    with pytest.raises(ValueError):
        normalise_host(given)


def test_host_of_drops_only_the_default_port() -> None:
    assert host_of("https://A.example:443/x") == "a.example"
    assert host_of("http://a.example:80/x") == "a.example"
    assert host_of("http://a.example:443/x") == "a.example:443"
    assert host_of("https://bsky.brid.gy/convert/ap/at://did:plc:1/x") == "bsky.brid.gy"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "ftp://a.example/",
        "https://u@a.example/",
        "https://a.example\\b/",
        "https:///x",
    ]
    + ["https://a.example/\t", "https://a.example/" + "x" * 3000, "https://a.example/ b", "HTTPS:a.example"],
)
def test_urls_without_a_clean_host(url: str) -> None:
    assert host_of(url) is None


def test_same_host_compares_ports_and_spellings() -> None:
    assert same_host("https://bücher.example/a", "https://xn--bcher-kva.example/b")
    assert not same_host("https://a.example/", "https://a.example:8443/")
    assert not same_host("nonsense", "nonsense")


@given(URLS)
def test_any_url_has_one_host_for_everybody_or_none(url: str) -> None:
    try:
        parts = split_url(url)
    except ValueError:
        assert host_of(url) is None
        return
    again = parts.geturl()
    assert host_of(url) == host_of(again) == parts.netloc
    assert same_host(url, again) and split_url(again) == parts
    try:
        dialled = httpx.URL(again)
    except httpx.InvalidURL:
        return  # refused where it would be dialled, too
    assert dialled.raw_host.decode() == (parts.hostname or "")


@given(st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=20))
def test_any_host_is_normalised_once_or_refused(host: str) -> None:
    try:
        found = normalise_host(host)
    except ValueError:
        return
    assert normalise_host(found) == found and found.isascii() and not set(found) & set("/@\\ \t")
