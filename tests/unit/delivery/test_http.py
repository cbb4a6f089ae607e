"""ETags, queries and bodies, before any route is involved."""

from __future__ import annotations

import asyncio

import pytest

from flags.delivery import app
from flags.delivery.http import Refusal, Request, etag_matches
from flags.delivery.inputs import parse_query, query_context, read_object
from tests.unit.delivery.world import build_client


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b"abc", True),
        (b'"x", "abc"', True),
        (b'W/"x",W/"abc"', True),
        (b"*", True),
        (b"", False),
        (b"  ", False),
        (b'"abcd"', False),
        (b'"ab"', False),
        (b'"x", "y"', False),
    ],
)
def test_if_none_match_is_read_as_sdks_send_it(sent: bytes, expected: bool) -> None:  # noqa: FBT001
    """Accept weak, unquoted and listed ETags; take an empty one for none."""
    assert expected is etag_matches(sent, b'"abc"')


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer 408 to a client that stops in the middle, instead of keeping its place."""
    monkeypatch.setattr(app, "BODY_SECONDS", 0.01)
    asked = {"method": "POST", "path": "/", "query_string": b"", "headers": []}
    part = {"type": "http.request", "body": b"{", "more_body": True}

    async def read() -> None:
        messages = [part]

        async def receive() -> dict[str, object]:
            return messages.pop() if messages else await asyncio.Future()

        await app.read_body(Request(asked), receive, 100)

    with pytest.raises(Refusal, match="not whole") as caught:
        asyncio.run(read())
    assert caught.value.status == 408


def test_an_etag_with_a_comma_is_found_in_a_list() -> None:
    """Keep to the quotes when a list is read."""
    assert etag_matches(b'"a,b", "c"', b'"a,b"')


def test_properties_are_read_from_brackets_and_the_last_one_wins() -> None:
    """Read `properties[x]` encoded or plain, as SDKs send both."""
    raw = b"userId=7&properties%5Bregion%5D=no&properties[region]=se&appName=shop"
    expected = {"userId": "7", "appName": "shop", "properties": {"region": "se"}}
    assert expected == query_context(parse_query(raw))


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"a=%00", 400),
        (b"a=%ff", 400),
        (b"a=%ED%A0%80", 400),
        (b"%00=a", 400),
        (b"token=x", 400),
        (b"Access_Token=x", 400),
        (b"&".join(b"a%d=1" % index for index in range(101)), 400),
        (b"x" * 501 + b"=1", 400),
        (b"a=" + b"x" * 20_000, 413),
    ],
)
def test_a_bad_query_is_refused(raw: bytes, status: int) -> None:
    """Refuse NUL, broken UTF-8, lone surrogates, tokens and floods."""
    with pytest.raises(Refusal) as caught:
        parse_query(raw)
    assert status == caught.value.status


def build_request(body: bytes, **headers: str) -> Request:
    """Build a POST with a body."""
    named = {"content_type": "application/json", **headers}
    request = Request(
        {
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "headers": [
                (name.replace("_", "-").encode(), text.encode()) for name, text in named.items()
            ],
            "client": None,
        }
    )
    request.body = body
    return request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xff"}',
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": {"b": ["\\u0000"]}}',
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_bad_body_is_a_400(body: bytes) -> None:
    """Refuse whatever is not a plain, shallow JSON object."""
    with pytest.raises(Refusal) as caught:
        read_object(build_request(body))
    assert (caught.value.status, caught.value.code) == (400, "PARSE_ERROR")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": ""},
        {"content_encoding": "gzip"},
    ],
)
def test_another_content_type_or_encoding_is_a_415(headers: dict[str, str]) -> None:
    """Refuse bodies that are not declared as plain JSON."""
    with pytest.raises(Refusal) as caught:
        read_object(build_request(b"{}", **headers))
    assert caught.value.status == 415


def test_a_charset_parameter_is_fine() -> None:
    """Accept what the JavaScript OFREP provider declares."""
    request = build_request(b'{"a": 1}', content_type="application/json; charset=utf-8")
    assert read_object(request) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"context":{"userId":"' + b"[{" * 40 + b'"}}', 200),
        (b'{"context":{"userId":"a\\u0000"}}', 400),
        (b'{"context":' + b'{"a":' * 31 + b"1" + b"}" * 32, 400),
        (b'{"context":' + b'{"a":' * 29 + b"1" + b"}" * 30, 200),
    ],
)
def test_bodies_are_looked_through_where_they_may_hold_what_is_refused(
    body: bytes, status: int
) -> None:
    """Tell brackets in a text from nesting, and find a NUL however it is written."""
    assert status == build_client().post("/api/frontend", body=body).status
