"""What may stand in an address: no token, and no trick that leads past one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from flags.delivery.app import owns
from flags.delivery.routes import EXACT, PREFIXES
from flags.delivery.settings import Settings
from tests.unit.delivery.world import (
    BACKEND,
    FRONTEND,
    PREVIEW,
    Answer,
    Client,
    build_client,
)

# These show what nobody has to hide: texts go by their hash, others tell of health or shape.
OPEN = {"/healthz", "/readyz", "/metrics", "/api/texts/", "/api/variant/schema"}
OPEN |= {"/api/delivery.yaml"}
PATHS = [path for path in EXACT if path not in OPEN] + [
    path + "chat" for path in PREFIXES if path not in OPEN
]
EVERYWHERE = [*EXACT, *(path + "chat" for path in PREFIXES), "/api/nothing", "/api/client/nothing"]
TRICKS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "two slashes": lambda path: "/" + path,
    "slashes doubled": lambda path: path.replace("/", "//"),
    "a slash behind": lambda path: path + "/",
    "a dot": lambda path: "/." + path,
    "a dot inside": lambda path: path.replace("/", "/./"),
    "a dot behind": lambda path: path + "/.",
    "up and down": lambda path: "/healthz/.." + path,
    "up behind": lambda path: path + "/x/..",
    "up above the root": lambda path: "/../.." + path,
    "quoted dot": lambda path: "/%2e" + path,
    "quoted slash": lambda path: path[0] + path[1:].replace("/", "%2f"),
    "quoted letter": lambda path: path.replace("a", "%61"),
    "parameter": lambda path: path + ";x",
    "parameter inside": lambda path: path.replace("/", ";x/")[2:],
    "a parameter of health": lambda path: "/healthz;" + path,
    "capitals": str.upper,
    "a capital": str.title,
    "backslashes": lambda path: path.replace("/", "\\"),
    "a space behind": lambda path: path + " ",
    "health behind": lambda path: path + "/healthz",
    "a file of style": lambda path: path + "/x.css",
}


@pytest.fixture(scope="module")
def client() -> Client:
    """Return a client, without a token, of a node where edges may connect."""
    return build_client(
        token="", settings=Settings(edge_token="an-edge", guesses_per_minute=10_000)
    )


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_with_a_path_leads_past_the_token(client: Client, trick: str) -> None:
    """Answer 401, or 404 or 405 in JSON; never anything that a token is needed for."""
    for path in map(TRICKS[trick], PATHS):
        for method in ("GET", "POST"):
            answer = client.ask(method, path)
            assert answer.status in {401, 404, 405}, path
            assert answer.json["message" if "message" in answer.json else "errorDetails"]


@pytest.mark.parametrize("trick", TRICKS)
def test_tricky_paths_are_refused_here_and_not_by_the_pages_behind(trick: str) -> None:
    """Own them, so that the refusal is JSON in the web process too."""
    assert [] == [path for path in map(TRICKS[trick], PATHS) if not owns(path)]


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login/", "/static/a.css", "/apis", "/up"])
def test_pages_are_left_to_the_pages(path: str) -> None:
    """Leave to Django what is Django's."""
    assert not owns(path)


@pytest.mark.parametrize(
    "query",
    [
        "token=anything",
        "Authorization=anything",
        "apikey=anything",
        "api_key=anything",
        "%74oken=anything",
        "a=1&access_token=x",
        f"anything={FRONTEND}",
        f"anything={FRONTEND.replace(':', '%3A')}",
        f"anything={FRONTEND.replace(':', '%253a')}",
        f"anything={FRONTEND.replace(':', '%%33A')}",
        f"anything={FRONTEND.replace(':', '%3%41')}",
        f"anything={FRONTEND.replace(':', '%25%33%41')}",
        f"anything=Bearer+{BACKEND}",
        f"properties[x]=a,{PREVIEW}",
        f"{FRONTEND}",
        f"ch={FRONTEND}",
    ],
)
def test_a_token_in_a_query_is_burnt(client: Client, query: str) -> None:
    """Refuse it on every route, by its name or because it is known, without repeating it."""
    for path in EVERYWHERE:
        for method in EXACT[path].answers if path in EXACT else ("GET", "POST"):
            tokens = ("", FRONTEND, BACKEND, PREVIEW)
            answers = [client.ask(method, f"{path}?{query}", token=token) for token in tokens]
            told = [answer for answer in answers if answer.status not in {403, 405}]
            assert all(is_burnt(answer) for answer in told), path


def test_an_event_source_that_shows_its_token_in_the_address_is_told(client: Client) -> None:
    """Say what is wrong where no header came at all; a channel that is unknown stays 401."""
    for path in ("/api/stream", "/api/client/streaming", "/api/variant"):
        assert is_burnt(client.get(f"{path}?token={FRONTEND}", token=""))
    assert 401 == client.get("/api/variant?userId=ana", token="").status


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nope", "/api/admin/x", "/ofrep/v2/x"])
def test_an_unknown_path_among_those_for_clients_is_told_in_json(client: Client, path: str) -> None:
    """Answer 404 in JSON: no client reads a page."""
    answer = client.get(path)
    assert (True, 404) == (owns(path), answer.status)
    assert "nothing at this address" in json.dumps(answer.json)


def is_burnt(answer: Answer) -> bool:
    """Tell whether an answer refuses a token in an address, without any secret in it."""
    said = json.dumps(answer.json) + str(answer.headers)
    assert "demo-" not in said
    told = answer.json.get("name") == "token_in_url" or "never in an address" in said
    return told and answer.status == 400


@pytest.mark.parametrize(
    "path",
    [
        f"/ofrep/v1/evaluate/flags/{FRONTEND}",
        f"/ofrep/v1/evaluate/flags/{FRONTEND.replace(':', '%3A')}",
        f"/api/frontend/features/{FRONTEND}",
        f"/api/frontend/{FRONTEND}",
        f"/api/texts/{BACKEND}",
        f"/{BACKEND}/api/client/features",
    ],
)
def test_a_token_in_a_path_is_burnt(client: Client, path: str) -> None:
    """Refuse a known token in a path, and do not repeat it as the name of a flag."""
    method = "POST" if path.startswith("/ofrep") else "GET"
    assert is_burnt(client.ask(method, path, token=FRONTEND))


@pytest.mark.parametrize(
    "query",
    [
        "accountCountry=SG&appName=superapp:production.not-a-token",
        "userId=urn:people.ana-from-singapore",
        "currentTime=2026-11-21T10:00:00.000Z",
        "userId=a%3Ab.cdefghijk",
    ],
)
def test_what_only_looks_like_a_token_is_a_context(client: Client, query: str) -> None:
    """Take values that no token has for what they are."""
    assert client.get(f"/api/frontend?{query}", token=FRONTEND).status == 200


def test_a_remembered_query_was_looked_at(client: Client) -> None:
    """Refuse it the second time too, whoever asks."""
    path = f"/api/frontend?userId={FRONTEND}"
    assert [client.get(path, token=FRONTEND).status for _again in range(3)] == [400, 400, 400]
    assert client.get("/api/frontend?userId=ana", token=FRONTEND).status == 200
