"""Which addresses may be called back, in every notation that somebody may try."""

from __future__ import annotations

import pytest

from sluice.domain.callback import Receiver, is_public, receiver_of, wait_before
from sluice.domain.errors import Invalid

HOSTS = ("hooks.example.org", "*.example.net:8443")


@pytest.mark.parametrize(
    ("address", "receiver"),
    [
        ("https://hooks.example.org", Receiver("hooks.example.org", 443, "/")),
        ("https://HOOKS.example.org./a/b?c=d", Receiver("hooks.example.org", 443, "/a/b?c=d")),
        ("https://a.b.example.net:8443/x", Receiver("a.b.example.net", 8443, "/x")),
    ],
)
def test_a_host_that_the_stage_allows_is_a_receiver(address: str, receiver: Receiver) -> None:
    assert receiver_of(address, HOSTS) == receiver


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.org/",
        "hooks.example.org",
        "https://hooks.example.org:8443/",
        "https://example.net:8443/",
        "https://a.example.net/",
        "https://hooks.example.org.evil.com/",
        "https://hooks.example.org@evil.com/",
        "https://evil.com#hooks.example.org",
        "https://user:word@hooks.example.org/",
        "https://hooks.example.org/\r\nx: y",
        "https://hooks.example.org/a b",
        "https://hooks.example.org\\@evil.com/",
        "https://hooks.example.org:99999/",
        "https://[::1/",
        "https:///path",
        "https://höoks.example.org/",
        f"https://hooks.example.org/{'x' * 2000}",
        "",
    ],
)
def test_what_is_no_such_address_is_refused_by_name(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        receiver_of(address, HOSTS)
    assert refused.value.reasons[0].path == "callback"


def test_where_the_stage_allows_nobody_nobody_is_called() -> None:
    with pytest.raises(Invalid):
        receiver_of("https://hooks.example.org", ())


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "127.0.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_inside_a_network_are_not(address: str) -> None:
    assert not is_public(address)


def test_loopback_is_public_only_where_that_is_said() -> None:
    assert is_public("127.0.0.1", loopback=True)
    assert is_public("::ffff:127.0.0.1", loopback=True)
    assert not is_public("10.0.0.1", loopback=True)


def test_waits_grow_and_are_spread_by_the_id() -> None:
    first, last = "0" * 32 + "0000", "0" * 32 + "ffff"

    assert [wait_before(2, each) for each in (first, last)] == [5, 6]
    assert wait_before(8, first) == 21_600
