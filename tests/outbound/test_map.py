"""The operator's map of URL prefixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorline.outbound import OutboundMap

MAP = OutboundMap.parse(
    """{"https://www.googleapis.com": "http://127.0.0.1:1/g", "https://www.googleapis.com/oauth2": "http://127.0.0.1:2/",
        "https://www.googleapis.com/oauth2/v4/": "http://127.0.0.1:3/four/", "http://pds.test:8080": "https://[::1]"}"""
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.googleapis.com", "http://127.0.0.1:1/g"),
        ("https://www.googleapis.com/", "http://127.0.0.1:1/g/"),
        ("https://www.googleapis.com?a=b", "http://127.0.0.1:1/g?a=b"),
        ("https://www.googleapis.com/oauth", "http://127.0.0.1:1/g/oauth"),
        ("https://www.googleapis.com/oauth2", "http://127.0.0.1:2"),
        ("https://www.googleapis.com/oauth2?x=%2F+:/#f", "http://127.0.0.1:2?x=%2F+:/#f"),
        ("https://www.googleapis.com/oauth2/v3/token", "http://127.0.0.1:2/v3/token"),
        ("https://www.googleapis.com/oauth2/v4/token", "http://127.0.0.1:3/four/token"),
        ("https://www.googleapis.com/oauth22", "http://127.0.0.1:1/g/oauth22"),
        ("https://WWW.GoogleAPIs.com:443/x", "http://127.0.0.1:1/g/x"),
        ("https://www.googleapis.com./x", "http://127.0.0.1:1/g/x"),
        ("http://pds.test:8080/xrpc", "https://[::1]/xrpc"),
    ],
)
def test_the_longest_prefix_wins(url: str, expected: str) -> None:
    assert MAP.matches(url)
    assert MAP.apply(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://www.googleapis.com.evil/",
        "https://www.googleapis.com@evil.example/",
        "https://www.googleapis.com:8443/",
        "http://www.googleapis.com/",
        "http://pds.test/",
        "https://evil.example/https://www.googleapis.com/",
        "https://www.googleapis.com\\evil",
        "//www.googleapis.com/",
        "not a url",
        "",
    ],
)
def test_other_addresses_stay_as_they_are(url: str) -> None:
    assert not MAP.matches(url)
    assert MAP.apply(url) == url


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "must be a JSON object of strings"),
        ("nonsense", "must be a JSON object of strings"),
        ('{"https://a.example": 5}', "must be a JSON object of strings"),
        ('{"ftp://a.example": "http://b"}', 'the prefix "ftp://a.example" must be an origin such as'),
        ('{"a.example": "http://b"}', 'the prefix "a.example" must be an origin such as'),
        ('{"https://u:s3cret@a.example": "http://b"}', 'the prefix "https://...@a.example" must not hold user'),
        ('{"https://a.example/x?k=s3cret": "http://b"}', 'the prefix "https://a.example/x" must not hold a query'),
        ('{"https://a.example/#s3cret": "http://b"}', 'the prefix "https://a.example/" must not hold a fragment'),
        ('{"https://a.example": "b:80"}', 'the replacement "b:80" must be an origin'),
        ('{"https://a.example": "http://u:s3cret@b"}', 'the replacement "http://...@b" must not hold user'),
        ('{"https://a.example": "http://b?s3cret"}', 'the replacement "http://b" must not hold a query'),
        ('{"https://a.example:0": "http://b"}', "its port is not between 1 and 65535"),
        ('{"https://a.example": "http://b", "https://A.example/": "http://c"}', "is given twice"),
    ],
)
def test_a_wrong_map_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as raised:
        OutboundMap.parse(text)
    assert sentence in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_prefix_may_hold_an_at_sign_in_its_path() -> None:
    mapped = OutboundMap.parse({"https://a.example/@me": "http://b.example"})
    assert mapped.apply("https://a.example/@me/x") == "http://b.example/x"


TAILS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"))
HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True)


@given(host=HOSTS, tail=TAILS)
def test_a_mapped_url_keeps_all_that_follows_the_prefix(host: str, tail: str) -> None:
    mapped = OutboundMap.parse({f"https://{host}/a": "http://127.0.0.1:9/b"})
    assert mapped.apply(f"https://{host}/a/{tail}") == f"http://127.0.0.1:9/b/{tail}"


@given(
    host=HOSTS,
    more=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="/?#:"), min_size=1),
)
def test_a_longer_host_is_another_host(host: str, more: str) -> None:
    mapped = OutboundMap.parse({f"https://{host}": "http://127.0.0.1:9"})
    assert mapped.matches(f"https://{host}{more}/") == (more == ".")


@given(st.text())
def test_no_text_makes_the_map_fail(url: str) -> None:
    assert MAP.apply(url) == url or MAP.matches(url)
