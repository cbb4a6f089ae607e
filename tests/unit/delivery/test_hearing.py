"""Of which territories a stream hears, as its query says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flags.delivery.hearing import name_whereabouts, read_hearing
from flags.delivery.http import Refusal
from flags.delivery.inputs import parse_query
from flags.publishing.snapshot import Token
from flags.wire.context import read_context

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hear(query: str, *own: str) -> str:
    """Return the territories of a stream as a text; `own` are those of its token."""
    token = Token(digest="d" * 64, app="superapp", kind="frontend", territories=own)
    return ",".join(sorted(read_hearing(token, parse_query(query.encode()))))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("territories=", ""),
        ("territories=MY", "MY"),
        ("territories=my,%20sg,", "MY,SG"),
        ("territories=MY&territories=SG", "MY,SG"),
        ("territories=UK,MYS", "GB,MY"),
        ("accountCountry=MY", "MY"),
        ("accountCountry=MY&locationCountry=BR&storefrontCountry=US", "BR,MY,US"),
        ("properties%5BaccountCountry%5D=MY&properties[ipCountry]=sgp", "MY,SG"),
        ("accountCountry=XX&locationCountry=BR", "BR"),
        ("accountCountry=MY&territories=SG", "MY,SG"),
        # Nobody knows where these live: anything may concern them.
        ("accountCountry=&locationCountry=ZZ", ""),
        ("storefrontCountry=US", ""),
        ("storefrontCountry=US&territories=US", "US"),
        ("userId=7&appVersion=8.0.0", ""),
    ],
)
def test_clients_say_where_they_are(query: str, expected: str) -> None:
    """Take codes as they are written, and a person's signals together."""
    assert expected == hear(query)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("territories=XX1", "territories: 'XX1'"),
        ("territories=MY,Narnia", "territories: 'Narnia'"),
        ("territories=XX", "territories: 'XX'"),
        ("accountCountry=Narnia", "accountCountry: 'Narnia'"),
        ("properties[gpsCountry]=1", "gpsCountry: '1'"),
    ],
)
def test_what_is_no_country_is_refused(query: str, named: str) -> None:
    """Name the field and the text, so that nobody waits for hints that never come."""
    with pytest.raises(Refusal) as caught:
        hear(query)
    assert caught.value.status == 400
    assert caught.value.message.startswith(f"{named} is not a country; write ISO 3166-1 codes")


def test_more_territories_than_there_are_are_refused() -> None:
    """Bound the work that one query makes."""
    with pytest.raises(Refusal, match="More than 300"):
        hear("territories=" + "MY," * 301)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "MY,SG"),
        ("territories=SG", "SG"),
        ("accountCountry=MY&locationCountry=BR", "BR,MY"),
        ("storefrontCountry=US", "MY,SG"),
    ],
)
def test_a_token_of_some_territories_hears_of_them_and_of_its_people_s(
    query: str, expected: str
) -> None:
    """Somebody from Malaysia who visits Brazil is concerned by what holds there."""
    assert expected == hear(query, "MY", "SG")


@pytest.mark.parametrize("query", ["territories=BR", "accountCountry=BR&locationCountry=MY"])
def test_a_token_does_not_hear_of_others(query: str) -> None:
    """Refuse other territories, and people who live there."""
    with pytest.raises(Refusal) as caught:
        hear(query, "MY", "SG")
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"accountCountry": "mys", "gpsCountry": "BR", "storefrontCountry": "US"},
            "&accountCountry=MY&locationCountry=BR&storefrontCountry=US",
        ),
        ({"phoneCountry": "SG"}, "&accountCountry=SG"),
        ({"storefrontCountry": "US"}, ""),
        ({}, ""),
    ],
)
def test_the_address_of_a_stream_says_where_its_person_is(
    fields: dict[str, str], expected: str
) -> None:
    """Write what a stream reads back to the same territories."""
    context = read_context(fields, now=NOON, dice=lambda sides: sides, environment="production")
    address = name_whereabouts(context)
    assert address == expected
    codes = sorted(part.partition("=")[2] for part in address.split("&")[1:])
    assert hear(address[1:]) == ",".join(codes)
