"""What people were shown is counted whole, within bounds, and for nearly nothing."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flags.delivery import exposure as module
from flags.delivery.exposure import Exposure
from flags.delivery.flushing import Flusher
from flags.delivery.live import run
from flags.delivery.reports import Line
from flags.delivery.settling import Settling
from flags.delivery.state import Known, State
from flags.publishing.exposure import OTHER, UNKNOWN, Parcel, Seen
from flags.publishing.snapshot import Access, Content, Token
from flags.publishing.store import StoreUnavailable
from tests.unit.delivery.world import (
    BACKEND,
    EVERYTHING,
    FRONTEND,
    PREVIEW,
    Client,
    build_access,
    build_client,
    build_content,
    build_definitions,
    build_part,
    build_texts,
    fill,
)

PERSON = "/api/frontend?userId=7&properties[accountCountry]={}&properties[platform]=ios"
BULK = "/api/client/metrics/bulk"


def settle(client: Client) -> dict[Seen, int]:
    """Return what a node would send now."""
    exposure = client.app.service.exposure
    run(Settling(exposure, exposure.take()).run())
    return {seen: count for (_environment, seen), count in exposure.take_lines().items()}


def count_dropped(client: Client) -> dict[str, int]:
    """Return how much was not counted, by reason."""
    counts = client.app.service.counters.counts
    return {labels[0][1]: count for (name, labels), count in counts.items() if "dropped" in name}


def server(feature: str, reason: str, territory: str, variant: str = "") -> Seen:
    """Build the line of an answer to an iPhone."""
    return Seen("superapp", feature, variant, territory, reason, "ios", "server")


def sdk(feature: str, reason: str = "", variant: str = "", territory: str = "") -> Seen:
    """Build the line of a report."""
    return Seen("superapp", feature, variant, territory, reason, "", "sdk")


def report(**toggles: Any) -> dict[str, Any]:
    """Build a report."""
    return {"appName": "shop", "bucket": {"toggles": toggles}}


def test_an_answer_counts_for_each_feature_with_its_reason() -> None:
    """Count what is left out of the body too: people were told no."""
    client = build_client()
    client.get(PERSON.format("SG"))
    client.get(PERSON.format("FR"))
    lines = settle(client)
    assert 1 == lines[server("pay", "LIVE", "SG")]
    assert 1 == lines[server("pay", "NOT_OFFERED", "FR")]
    assert 1 == lines[server("chat", "LIVE", "SG")]
    homes = {seen: count for seen, count in lines.items() if seen.feature == "home"}
    assert {"VARIANT"} == {seen.reason for seen in homes}
    assert {"grid", "list"} >= {seen.variant for seen in homes}
    assert 6 == sum(lines.values())


def test_an_answer_that_is_repeated_counts_again_and_a_304_does_not() -> None:
    """Count bodies: who has an answer already is shown nothing new."""
    client = build_client()
    first = client.get(PERSON.format("SG"))
    for _again in range(4):
        assert 200 == client.get(PERSON.format("SG")).status
    known = {"If-None-Match": first.headers["etag"]}
    assert 304 == client.get(PERSON.format("SG"), headers=known).status
    client.ask("HEAD", PERSON.format("SG"))
    assert 5 == settle(client)[server("pay", "LIVE", "SG")]
    assert {} == settle(client)
    client.get(PERSON.format("SG"))
    assert 1 == settle(client)[server("pay", "LIVE", "SG")]


@pytest.mark.parametrize(
    ("method", "target", "features"),
    [
        ("GET", "/api/frontend/all?userId=7&properties[accountCountry]=SG", 3),
        ("GET", "/api/frontend/features/pay?userId=7&properties[accountCountry]=SG", 1),
        ("GET", "/api/variant?userId=7&accountCountry=SG", 3),
        ("POST", "/ofrep/v1/evaluate/flags", 3),
        ("POST", "/ofrep/v1/evaluate/flags/pay", 1),
    ],
)
def test_every_protocol_counts_what_it_answers(method: str, target: str, features: int) -> None:
    """Count the same thing, whatever words it was said in."""
    client = build_client()
    body = {"context": {"targetingKey": "7", "accountCountry": "SG"}}
    for _again in range(2):
        answer = client.ask(method, target, json_body=body if method == "POST" else None)
        assert 200 == answer.status
    lines = settle(client)
    assert 2 * features == sum(lines.values())
    assert 2 == lines[Seen("superapp", "pay", "", "SG", "LIVE", "", "server")]


def test_a_preview_and_an_explanation_show_nothing_to_anybody() -> None:
    """Count no questions of what would be."""
    client = build_client(token=PREVIEW)
    client.get(PERSON.format("SG"))
    client.get("/api/frontend/features/pay?userId=7")
    assert {} == settle(client)


def test_of_two_apps_the_first_is_counted_where_both_have_a_feature() -> None:
    """Count what was served to a token of all apps."""
    other = Content(replace(build_definitions(), app="miniapp"), build_texts()[0])
    both = Access(apps=("miniapp", "superapp"), tokens=build_access().tokens)
    access = build_part("access", both, 1)
    parts = (access, build_content(1), build_part("content", other, 1, app="miniapp"))
    client = build_client(*parts, token=EVERYTHING)
    for target in (PERSON.format("SG"), "/api/frontend/features/pay?userId=7"):
        client.get(target)
    lines = settle(client)
    assert 4 == sum(lines.values())
    assert 1 == len({seen.app for seen in lines})
    client.get("/api/variant?userId=7&app=miniapp")
    client.get("/api/variant?userId=7&app=superapp")
    lines = settle(client)
    assert {"miniapp": 3, "superapp": 3} == {
        app: sum(count for seen, count in lines.items() if seen.app == app)
        for app in ("miniapp", "superapp")
    }


def test_a_platform_that_no_rule_names_is_unknown() -> None:
    """Bound what clients may make up."""
    client = build_client()
    for name in ("toaster", "x" * 1_000):
        client.get(f"/api/frontend?userId=7&properties[platform]={name}")
    platforms = {seen.platform for seen in settle(client)}
    assert {UNKNOWN} == platforms


def test_answers_of_a_revision_that_is_gone_are_counted_as_they_were() -> None:
    """Settle with the view that answered, not with the one of now."""
    client = build_client()

    async def go() -> dict[Seen, int]:
        await client.send("GET", PERSON.format("SG"))
        later = build_definitions(pay_in="withdrawn")
        await fill(client.app.service.state, build_content(2, definitions=later))
        await client.send("GET", PERSON.format("SG"))
        return settle(client)

    lines = asyncio.run(go())
    assert 1 == lines[server("pay", "LIVE", "SG")]
    assert 1 == lines[server("pay", "WITHDRAWN", "SG")]


def test_too_many_people_are_counted_by_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the sum and the territories when variants and reasons cannot be told apart."""
    monkeypatch.setattr(module, "TOLD_MAX", 3)
    client = build_client()
    for number in range(10):
        client.get(f"/api/frontend?userId={number}&properties[accountCountry]=SG")
    lines = settle(client)
    assert 30 == sum(lines.values())
    assert 7 == lines[Seen("superapp", "pay", OTHER, "SG", OTHER, "", "server")]
    assert {} == count_dropped(client)


def test_more_lines_than_fit_join_the_others_of_their_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keep the sum."""
    monkeypatch.setattr(module, "LINES_MAX", 1)
    client = build_client()
    client.get(PERSON.format("SG"))
    lines = settle(client)
    assert 3 == sum(lines.values())
    assert 2 == len(lines)


def test_a_report_counts_on_off_and_variants() -> None:
    """Count a variant beside on and off, as SDKs do."""
    client = build_client()
    body = report(
        home={"yes": 12, "no": 3, "variants": {"grid": 7, "disabled": 5}},
        pay={"yes": 0, "no": 2, "variants": None},
    )
    for token, target in ((BACKEND, "/api/client"), (FRONTEND, "/api/frontend/client")):
        client.post(f"{target}/metrics", body, token=token)
    expected = {
        sdk("home", "ON"): 24,
        sdk("home", "OFF"): 6,
        sdk("home", variant="grid"): 14,
        sdk("home", variant="disabled"): 10,
        sdk("pay", "OFF"): 4,
    }
    assert expected == settle(client)


def test_names_that_are_not_of_the_scope_share_one() -> None:
    """Bound what a report may make up, and keep its sums."""
    client = build_client()
    made_up = {f"made-up-{number}": {"yes": 1, "variants": {"x": 1}} for number in range(100)}
    body = report(**made_up, home={"variants": {"nothing": 4}})
    assert 202 == client.post("/api/client/metrics", body, token=BACKEND).status
    expected = {
        sdk(UNKNOWN, "ON"): 100,
        sdk(UNKNOWN, variant=UNKNOWN): 100,
        sdk("home", variant=UNKNOWN): 4,
    }
    assert expected == settle(client)


def test_absurd_counts_are_taken_and_not_counted() -> None:
    """Refuse no report for them: its SDK would send it again for ever."""
    client = build_client()
    body = report(pay={"yes": -5, "no": 10**9 + 1}, chat={"yes": 10**9})
    assert 202 == client.post("/api/client/metrics", body, token=BACKEND).status
    assert {sdk("chat", "ON"): 10**9} == settle(client)
    assert {"absurd": 2} == count_dropped(client)


def test_a_flood_of_one_token_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop the rest until the next flush; others are still counted."""
    monkeypatch.setattr(module, "TOKEN_LINES_MAX", 3)
    client = build_client()
    for _again in range(5):
        client.post("/api/client/metrics", report(pay={"yes": 1}), token=BACKEND)
    client.post("/api/frontend/client/metrics", report(chat={"yes": 1}), token=FRONTEND)
    assert {sdk("pay", "ON"): 3, sdk("chat", "ON"): 1} == settle(client)
    assert {"flood": 2} == count_dropped(client)
    client.post("/api/client/metrics", report(pay={"yes": 1}), token=BACKEND)
    assert {sdk("pay", "ON"): 1} == settle(client)


def test_an_edge_is_believed_about_its_own_environment_only() -> None:
    """Leave out lines of others, as Unleash does."""
    client = build_client()
    counted: list[dict[str, Any]] = [
        {"featureName": "pay", "environment": name, "yes": 5, "no": 1, "variants": {}}
        for name in ("production", "development", "production")
    ]
    body = {"applications": [], "metrics": counted}
    assert 202 == client.post(BULK, body, token=BACKEND).status
    assert {sdk("pay", "ON"): 10, sdk("pay", "OFF"): 2} == settle(client)


def build_state() -> State:
    """Build a state that serves the world."""
    state = State()
    asyncio.run(fill(state, build_part("access", build_access(), 1), build_content(1)))
    return state


@pytest.mark.parametrize(
    ("territories", "expected"), [((), ""), (("SG",), "SG"), (("MY", "SG"), "")]
)
def test_a_report_is_of_its_tokens_only_territory(
    territories: tuple[str, ...], expected: str
) -> None:
    """Tell where people are when the token leaves no choice."""
    exposure = Exposure(build_state())
    token = Token(digest="0" * 64, app="superapp", kind="frontend", territories=territories)
    exposure.report(Known("production", token), [Line("pay", yes=1)])
    assert {("production", sdk("pay", "ON", territory=expected)): 1} == exposure.lines


def test_where_nobody_sends_counts_nothing_is_kept() -> None:
    """Hold no people and no old revisions on an edge without Redis."""
    client = build_client()
    exposure = client.app.service.exposure
    exposure.counts = False
    assert 200 == client.get(PERSON.format("SG")).status
    answer = client.post("/api/client/metrics", report(pay={"yes": 1}), token=BACKEND)
    assert 202 == answer.status
    assert ({}, {}, {}) == (exposure.told, exposure.views, exposure.lines)


def test_a_report_before_anything_arrived_is_dropped() -> None:
    """There are no names to know yet."""
    exposure = Exposure(State())
    token = Token(digest="0" * 64, app="superapp", kind="frontend")
    exposure.report(Known("production", token), [Line("pay", yes=1)])
    assert {} == exposure.lines


def build_long(*, variants: int = 0) -> list[dict[str, Any]]:
    """Build the lines of an Edge, far more than are counted at once."""
    more = {f"v{number}": 1 for number in range(variants)}
    line = {"featureName": "pay", "environment": "production", "yes": 1, "variants": more}
    return [line, {**line, "environment": "other"}, {**line, "yes": "many"}] * 800


def test_a_long_report_is_counted_after_its_answer() -> None:
    """Have no request wait for thousands of lines that somebody else reported."""
    client = build_client()
    exposure = client.app.service.exposure
    body = {"applications": [], "metrics": build_long(variants=2)}

    async def go() -> tuple[int, int]:
        answer = await client.send("POST", BULK, json_body=body, token=BACKEND)
        assert 202 == answer.status
        at_once = sum(exposure.lines.values())
        assert exposure.reading is not None
        await exposure.reading
        return at_once, sum(exposure.lines.values())

    at_once, at_last = asyncio.run(go())
    assert 0 < at_once <= module.AT_ONCE
    assert 800 * 3 == at_last
    assert {"absurd": 800} == count_dropped(client)


def test_what_is_still_read_is_counted_before_a_node_ends() -> None:
    """Leave no report half counted."""
    client = build_client()
    redis = Deaf()
    redis.answers = True
    client.post(BULK, {"applications": [], "metrics": build_long()}, token=BACKEND)
    asyncio.run(Flusher(client.app.service.exposure, redis.write).stop())
    assert 800 == redis.sum()[sdk("pay", "ON")]


def test_variants_count_towards_the_bound_of_a_token() -> None:
    """Walk through no more of a flag's variants than any flag has, and tell it."""
    exposure = Exposure(build_state())
    flood = {f"v{number}": 1 for number in range(80_000)}
    exposure.report(KNOWN, [Line("pay", variants=flood)])
    assert {("production", sdk("pay", variant=UNKNOWN)): 200} == exposure.lines
    assert {KNOWN.token.digest: 201} == exposure.reported
    client = build_client()
    body = report(pay={"yes": 1, "variants": flood}, chat={"yes": 1})
    client.post("/api/frontend/client/metrics", body, token=FRONTEND)
    assert {} == settle(client)
    body = report(pay={"yes": 1, "variants": dict(list(flood.items())[:5_000])}, chat={"yes": 1})
    client.post("/api/frontend/client/metrics", body, token=FRONTEND)
    assert {sdk("chat", "ON"): 1} == settle(client)
    assert {"absurd": 2} == count_dropped(client)


STATE = build_state()
KNOWN = Known("production", Token(digest="1" * 64, app="superapp", kind="backend"))
COUNTS = st.integers(0, 10**9)
LINES = st.lists(
    st.builds(
        Line,
        name=st.sampled_from(["pay", "home", "chat", "nothing", ""]),
        yes=COUNTS,
        no=COUNTS,
        variants=st.none()
        | st.dictionaries(st.sampled_from(["grid", "list", "disabled", "zzz"]), COUNTS),
    ),
    max_size=20,
)


@given(reports=st.lists(LINES, max_size=5), bound=st.integers(1, 12))
def test_the_sum_of_lines_is_the_sum_of_reports(reports: list[list[Line]], bound: int) -> None:
    """Fold by whatever names and bounds: nothing is lost and nothing made up."""
    exposure = Exposure(STATE)
    with pytest.MonkeyPatch.context() as bounds:
        bounds.setattr(module, "LINES_MAX", bound)
        for lines in reports:
            exposure.report(KNOWN, lines)
    given_counts = [
        count
        for lines in reports
        for line in lines
        for count in (line.yes, line.no, *(line.variants or {}).values())
    ]
    assert sum(given_counts) == sum(exposure.lines.values())


CLIENT = build_client()
CODES = st.sampled_from(["SG", "FR", "MY", "nowhere", ""])
PEOPLE = st.lists(st.tuples(st.integers(0, 9), CODES, st.sampled_from(["ios", "toaster"])))


@given(people=PEOPLE, told=st.integers(1, 8), lumps=st.integers(0, 4), lines=st.integers(1, 20))
def test_the_sum_of_lines_is_the_sum_of_answers(
    people: list[tuple[int, str, str]], told: int, lumps: int, lines: int
) -> None:
    """Count each answer for each feature once, whatever bounds it meets, or say that it is not."""
    before = count_dropped(CLIENT).get("full", 0)
    with pytest.MonkeyPatch.context() as bounds:
        for name, bound in (("TOLD_MAX", told), ("LUMPS_MAX", lumps), ("LINES_MAX", lines)):
            bounds.setattr(module, name, bound)
        for user, code, platform in people:
            query = f"userId={user}&sessionId=s&properties[accountCountry]={code}"
            CLIENT.get(f"/api/frontend?{query}&properties[platform]={platform}")
        counted = sum(settle(CLIENT).values())
    dropped = count_dropped(CLIENT).get("full", 0) - before
    assert 3 * (len(people) - dropped) == counted


class Deaf:
    """A Redis that is silent until it is not, and may take a parcel without saying so."""

    def __init__(self) -> None:
        self.answers = False
        self.taken: dict[str, Parcel] = {}

    def write(self, parcel: Parcel) -> None:
        """Take a parcel once, by its name."""
        self.taken.setdefault(parcel.name, parcel)
        if not self.answers:
            raise StoreUnavailable

    def sum(self) -> Counter[Seen]:
        """Add up what arrived."""
        total: Counter[Seen] = Counter()
        for parcel in self.taken.values():
            total.update(parcel.counts)
        return total


def test_what_may_have_arrived_comes_again_as_it_was() -> None:
    """Count a parcel once whose answer was lost, and all that came in the meantime."""
    client = build_client()
    redis = Deaf()
    flusher = Flusher(client.app.service.exposure, redis.write)

    async def go() -> None:
        await client.send("GET", PERSON.format("SG"))
        for _again in range(3):
            with pytest.raises(StoreUnavailable):
                await flusher.flush()
            await client.send("GET", PERSON.format("SG"))
        redis.answers = True
        await flusher.flush()
        await flusher.flush()

    asyncio.run(go())
    assert 4 == redis.sum()[server("pay", "LIVE", "SG")]


def test_a_node_that_stops_sends_what_it_has() -> None:
    """Lose nothing at a restart."""
    client = build_client()
    redis = Deaf()
    redis.answers = True
    client.get(PERSON.format("SG"))
    asyncio.run(Flusher(client.app.service.exposure, redis.write).stop())
    assert 1 == redis.sum()[server("pay", "LIVE", "SG")]


def test_a_flush_that_is_cut_off_by_the_end_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Go on from where it stands, and have no request wait for Redis."""
    monkeypatch.setattr("flags.delivery.live.SLICE_SECONDS", 0.0)
    client = build_client()
    redis = Deaf()
    redis.answers = True
    threads: list[threading.Thread] = []

    def write(parcel: Parcel) -> None:
        threads.append(threading.current_thread())
        redis.write(parcel)

    flusher = Flusher(client.app.service.exposure, write)

    async def go() -> None:
        for territory in ("SG", "MY", "SG"):
            await client.send("GET", PERSON.format(territory))
        flusher.task = asyncio.create_task(flusher.flush())
        await asyncio.sleep(0)
        assert {} == flusher.exposure.told
        await client.send("GET", PERSON.format("SG"))
        await flusher.stop()

    asyncio.run(go())
    assert 4 * 3 == redis.sum().total()
    assert threading.main_thread() not in threads
