"""Hypothesis strategies: small worlds in which every rule meets every other, and people."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from hypothesis import strategies as st

from flags.engine.definitions import (
    AgeRule,
    Bundle,
    Cap,
    ClusterRollout,
    ConsentRule,
    Constraint,
    Definitions,
    Feature,
    KillSwitch,
    LegalOrder,
    LifeCycle,
    Market,
    Member,
    Minimum,
    Offer,
    Partner,
    Payload,
    Place,
    PlatformProfile,
    PlatformRetirement,
    Rule,
    Schedule,
    Segment,
    Signal,
    Status,
    Strategy,
    Target,
    Territory,
    Variant,
    Window,
)

TERRITORIES = (
    Territory(code="AU", zone="Australia/Sydney"),
    Territory(code="BR", zone="America/Sao_Paulo"),
    Territory(code="CA", zone="America/Toronto"),
    Territory(code="SG", zone="Asia/Singapore"),
)
CODES = tuple(territory.code for territory in TERRITORIES)
PLATFORMS = ("ios", "android", "web")
WALLETS = ("CNY", "HKD")
GROUPS = ("ucla", "NYU", "mit")
CONSENTS = ("profiling", "location")
FEATURES = ("a.one", "a.two", "b.one", "b.two", "c.one")
DAYS = tuple(date(2026, 11, day) for day in (18, 20, 22))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

days = st.none() | st.sampled_from(DAYS)
statuses: st.SearchStrategy[Status] = st.sampled_from(
    ("live", "live", "live", "planned", "needs-partner", "withdrawn", "blocked-by-law")
)
signals: st.SearchStrategy[Signal] = st.sampled_from(
    ("account", "location", "storefront", "participants")
)
regions = st.one_of(
    st.just(Place(kind="everywhere")),
    st.sampled_from(CODES).map(lambda code: Place(kind="territory", key=code)),
    st.sampled_from(("M1", "M2")).map(lambda key: Place(kind="market", key=key)),
)
places = st.one_of(regions, st.just(Place(kind="subdivision", key="CA-QC")))
targets = st.one_of(
    st.sampled_from(FEATURES).map(lambda key: Target(feature=key)),
    st.sampled_from(("a", "b")).map(lambda key: Target(bundle=key)),
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[date | None, date | None]:
    """Draw two dates in order, either of them perhaps open."""
    starts, ends = draw(days), draw(days)
    if starts and ends and starts >= ends:
        return starts, None
    return starts, ends


@st.composite
def markets(draw: st.DrawFn) -> tuple[Market, ...]:
    """Draw two markets that may overlap, with dated members."""
    found = []
    for key in ("M1", "M2"):
        codes = draw(st.lists(st.sampled_from(CODES), unique=True, max_size=3))
        members = []
        for code in codes:
            starts, ends = draw(spans())
            members.append(Member(territory=code, starts=starts, ends=ends))
        found.append(Market(key=key, priority=draw(st.integers(0, 2)), members=tuple(members)))
    return tuple(found)


@st.composite
def offers(draw: st.DrawFn) -> tuple[Offer, ...]:
    """Draw offers of every kind; each has a key of its own."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        starts, ends = draw(spans())
        found.append(
            Offer(
                rule=Rule(key=f"o{number}"),
                target=draw(targets),
                place=draw(places),
                status=draw(statuses),
                basis=draw(st.sampled_from(("", "", "", "account", "storefront"))),
                platform=draw(st.sampled_from(("", "", "", "ios"))),
                starts=starts,
                ends=ends,
                rollout=draw(st.sampled_from((None, None, None, 0, 50, 100))),
            )
        )
    return tuple(found)


@st.composite
def orders(draw: st.DrawFn) -> tuple[LegalOrder, ...]:
    """Draw legal orders, one perhaps for the whole app."""
    return tuple(
        LegalOrder(
            rule=Rule(key=f"l{number}"),
            targets=tuple(draw(st.lists(targets, max_size=2, unique=True))),
            place=draw(places),
            effective=draw(st.sampled_from(DAYS)),
        )
        for number in range(draw(st.sampled_from((0, 0, 0, 1, 2))))
    )


@st.composite
def ages(draw: st.DrawFn) -> tuple[AgeRule, ...]:
    """Draw age rules that disagree, one of which may ask for no age."""
    found = []
    for number in range(draw(st.sampled_from((0, 0, 1, 2, 3)))):
        starts, ends = draw(spans())
        found.append(
            AgeRule(
                rule=Rule(key=f"a{number}"),
                target=draw(targets),
                place=draw(regions),
                minimum=draw(st.sampled_from((0, 13, 18, 18))),
                starts=starts,
                ends=ends,
            )
        )
    return tuple(found)


@st.composite
def consents(draw: st.DrawFn) -> tuple[ConsentRule, ...]:
    """Draw consent rules, several of which may hold at once."""
    found = []
    for number in range(draw(st.sampled_from((0, 0, 1, 2)))):
        starts, ends = draw(spans())
        found.append(
            ConsentRule(
                rule=Rule(key=f"s{number}"),
                target=draw(targets),
                place=draw(regions),
                consent=draw(st.sampled_from(CONSENTS)),
                starts=starts,
                ends=ends,
            )
        )
    return tuple(found)


@st.composite
def life_cycles(draw: st.DrawFn) -> tuple[LifeCycle, ...]:
    """Draw life cycles; where two meet, the more specific one counts alone."""
    found = []
    for number in range(draw(st.sampled_from((0, 0, 1, 2)))):
        closed, sunset = draw(spans())
        found.append(
            LifeCycle(
                rule=Rule(key=f"e{number}"),
                target=draw(targets),
                place=draw(regions),
                closed_to_new=closed,
                sunset=sunset,
            )
        )
    return tuple(found)


@st.composite
def kills(draw: st.DrawFn) -> tuple[KillSwitch, ...]:
    """Draw kill switches, some of which are over when another time is asked for."""
    return tuple(
        KillSwitch(
            rule=Rule(key=f"k{number}"),
            target=draw(targets),
            since=NOON - timedelta(days=1),
            expires=NOON + timedelta(days=draw(st.integers(-1, 1)), hours=1),
            territory=draw(st.sampled_from(("", *CODES))),
            platform=draw(st.sampled_from(("", "ios"))),
        )
        for number in range(draw(st.sampled_from((0, 0, 1, 2))))
    )


@st.composite
def caps(draw: st.DrawFn) -> tuple[Cap, ...]:
    """Draw caps at every kind of place but a subdivision, some of them full."""
    found = []
    for number in range(draw(st.sampled_from((0, 0, 1, 3)))):
        starts, ends = draw(spans())
        found.append(
            Cap(
                rule=Rule(key=f"p{number}"),
                target=draw(targets),
                place=draw(places.filter(lambda place: place.kind != "subdivision")),
                limit=draw(st.sampled_from((5, 9))),
                full=draw(st.booleans()),
                starts=starts,
                ends=ends,
            )
        )
    return tuple(found)


@st.composite
def clusters(draw: st.DrawFn) -> tuple[ClusterRollout, ...]:
    """Draw cluster rollouts, two of which may speak of one feature and place."""
    return tuple(
        ClusterRollout(
            rule=Rule(key=f"c{number}"),
            feature=draw(st.sampled_from(FEATURES)),
            order=tuple(draw(st.permutations(GROUPS))),
            enabled=draw(st.integers(0, 2)),
            field=draw(st.sampled_from(("clusters", "clusters", "city"))),
            territory=draw(st.sampled_from(("", "", *CODES))),
        )
        for number in range(draw(st.sampled_from((0, 0, 1, 2))))
    )


# Midnights, half past six, and a time that New York shows twice.
STARTS = (
    datetime(2026, 11, 1, 1, 30),  # noqa: DTZ001 - a wall time
    *(datetime(2026, 11, day) for day in (17, 19, 20, 21)),  # noqa: DTZ001
)
ENDS = (
    datetime(2026, 11, 1, 1, 30),  # noqa: DTZ001
    datetime(2026, 11, 20, 18, 30),  # noqa: DTZ001
    *(datetime(2026, 11, day) for day in (20, 21, 23)),  # noqa: DTZ001
)
ZONES = (
    *("Asia/Singapore", "America/New_York", "Pacific/Kiritimati", "asia/kathmandu"),
    *("Etc/GMT+12", "US/Eastern", "Mars/Olympus", "+08:00"),
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """Draw windows of some territories and of all others; some may be empty or overlap."""
    found = []
    for _number in range(draw(st.sampled_from((0, 1, 1, 2, 3)))):
        code = draw(st.sampled_from(("", "", "", *CODES)))
        starts = draw(st.sampled_from((None, *STARTS)))
        ends = draw(st.sampled_from((None, *ENDS)))
        found.append(Window(territory=code, starts=starts, ends=ends))
    return tuple(found)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, ...]:
    """Draw schedules, of which a feature has one at most."""
    keys = draw(st.permutations(FEATURES))
    cut = draw(st.integers(0, 2))
    chosen = ((), (), (keys[:cut],), (keys[:cut], keys[cut:3]))
    return tuple(
        Schedule(
            rule=Rule(key=f"s{number}"),
            features=tuple(sorted(named)),
            anchor=draw(st.sampled_from(("account", "location"))),
            market=draw(st.sampled_from(("", "", "", "M1", "M2", "no-such"))),
            windows=draw(windows()),
        )
        for number, named in enumerate(draw(st.sampled_from(chosen)))
    )


constraints = st.one_of(
    st.builds(
        Constraint,
        context_name=st.sampled_from(("userId", "plan", "accountCountry", "environment")),
        operator=st.sampled_from(("IN", "NOT_IN", "STR_CONTAINS", "STR_STARTS_WITH")),
        values=st.lists(
            st.sampled_from(("pro", "free", "SG", "7", "production")), min_size=1, unique=True
        ).map(tuple),
        inverted=st.booleans(),
        case_insensitive=st.booleans(),
    ),
    st.builds(
        Constraint,
        context_name=st.just("age"),
        operator=st.sampled_from(("NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE")),
        value=st.sampled_from(("17", "18", "18.5")),
        inverted=st.booleans(),
    ),
    st.builds(
        Constraint,
        context_name=st.just("currentTime"),
        operator=st.sampled_from(("DATE_AFTER", "DATE_BEFORE")),
        value=st.sampled_from(("2026-11-19T12:00:00.000Z", "2026-11-21T12:00:00.000Z")),
        inverted=st.booleans(),
    ),
)


def in_the_morning(day: date | None) -> datetime | None:
    """Return a wall time at which no zone of these jumps."""
    return datetime.combine(day, time(4, 30)) if day else None


@st.composite
def partners(draw: st.DrawFn) -> tuple[Partner, ...]:
    """Draw partners of one or two features, some for a part of the days only."""
    found = []
    for number in range(draw(st.sampled_from((0, 1, 2, 4)))):
        starts, ends = draw(spans())
        found.append(
            Partner(
                rule=Rule(key=f"p{number}"),
                features=tuple(draw(st.lists(st.sampled_from(FEATURES), max_size=2, unique=True))),
                territory=draw(st.sampled_from(CODES)),
                city=draw(st.sampled_from(("*", "mit", "ucla"))),
                wallets=tuple(draw(st.lists(st.sampled_from(WALLETS), max_size=2, unique=True))),
                starts=in_the_morning(starts),
                ends=in_the_morning(ends),
                requirements=tuple(draw(st.lists(constraints, max_size=1))),
            )
        )
    return tuple(found)


parameters = st.fixed_dictionaries(
    {
        "rollout": st.sampled_from(("0", "30", "70", "100")),
        "stickiness": st.sampled_from(("default", "userId", "sessionId", "plan")),
        "groupId": st.sampled_from(("a.one", "shared")),
    }
)


@st.composite
def strategies(draw: st.DrawFn) -> Strategy:
    """Draw a targeting strategy with canonical parameters."""
    name = draw(st.sampled_from(("flexibleRollout", "flexibleRollout", "default", "userWithId")))
    given: dict[str, str] = {"stickiness": "default", "groupId": "shared"}
    if name == "flexibleRollout":
        given = draw(parameters)
    if name == "userWithId":
        given["userIds"] = "7, 8"
    variants = tuple(
        Variant(
            name=f"v{number}", weight=weight, payload=Payload(type="string", value=f"p{number}")
        )
        for number, weight in enumerate(draw(st.lists(st.sampled_from((0, 1, 500)), max_size=3)))
    )
    return Strategy(
        name=name,
        parameters=given,
        constraints=tuple(draw(st.lists(constraints, max_size=2))),
        segments=tuple(draw(st.sampled_from(((), (), (1,))))),
        variants=variants,
    )


@st.composite
def features(draw: st.DrawFn, key: str) -> Feature:
    """Draw a feature; requirements may form a cycle or name nothing."""
    value_type: Literal["boolean", "string"] = draw(
        st.sampled_from(("boolean", "boolean", "string"))
    )
    return Feature(
        key=key,
        bundle=key[0] if key[0] != "c" else "",
        value_type=value_type,
        off_value=False if value_type == "boolean" else "off",
        offer_basis=draw(st.sampled_from(("account", "account", "location", "storefront", "none"))),
        law_basis=tuple(draw(st.lists(signals, unique=True, max_size=3))),
        fail_closed=draw(st.booleans()),
        partner_basis=draw(st.sampled_from(("", "", "account", "location", "storefront"))),
        default_status=draw(st.sampled_from(("live", "not-offered"))),
        profile=draw(st.sampled_from(("", "rich"))),
        requires=tuple(
            draw(st.lists(st.sampled_from((*FEATURES, "no.such")), max_size=2, unique=True))
            if draw(st.integers(0, 2)) == 0
            else ()
        ),
        enabled=draw(st.sampled_from((True, True, True, True, False))),
        strategies=tuple(draw(st.lists(strategies(), max_size=3))),
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    """Draw a whole scope."""
    keys = draw(st.lists(st.sampled_from(FEATURES), min_size=1, max_size=4, unique=True))
    retired = draw(st.sampled_from(((), (), ("web",))))
    return Definitions(
        app="superapp",
        environment="production",
        territories=TERRITORIES,
        markets=draw(markets()),
        profiles=(
            PlatformProfile(
                key="rich",
                minimums=(
                    Minimum(platform="ios", os_version="15", app_version="8.0.50"),
                    Minimum(platform="web", os_version="0"),
                ),
                unknown_platforms=draw(st.sampled_from(("off", "on"))),
            ),
        ),
        retirements=tuple(
            PlatformRetirement(
                rule=Rule(key=f"r-{platform}"),
                platform=platform,
                closed_to_new=DAYS[0],
                off=draw(st.none() | st.just(DAYS[2])),
            )
            for platform in retired
        ),
        bundles=(Bundle(key="a"), Bundle(key="b")),
        features=tuple(draw(features(key)) for key in sorted(keys)),
        offers=draw(offers()),
        orders=draw(orders()),
        ages=draw(ages()),
        consents=draw(consents()),
        life_cycles=draw(life_cycles()),
        caps=draw(caps()),
        partners=draw(partners()),
        clusters=draw(clusters()),
        schedules=draw(schedules()),
        segments=(Segment(id=1, key="seg", constraints=(draw(constraints),)),),
    )


moments = st.sampled_from(
    tuple(
        NOON + timedelta(hours=hours, microseconds=tick)
        for hours in (-72, -46, -35, -25, -12, 0, 1, 3, 12, 24, 25, 31, 40, 72)
        for tick in (0, 1)
    )
)
country_texts = st.sampled_from((*CODES, "sg", "SGP", "ZW", "XX", "", "Narnia", "UK"))


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what a client sends, garbled evidence and missing fields among it."""
    fields = {
        "userId": st.sampled_from(("7", "8", "42", "ünïcode")),
        "sessionId": st.sampled_from(("s1", "s2")),
        "accountCountry": country_texts,
        "phoneCountry": country_texts,
        "locationCountry": country_texts,
        "ipCountry": country_texts,
        "storefrontCountry": country_texts,
        "participantCountries": st.lists(country_texts.filter(bool), max_size=3),
        "accountTimeZone": st.sampled_from(ZONES),
        "timeZone": st.sampled_from(ZONES),
        "subdivision": st.sampled_from(("CA-QC", "CA-ON")),
        "platform": st.sampled_from((*PLATFORMS, "IOS", "ps5")),
        "osVersion": st.sampled_from(("18.0", "15.0.0", "14", "14.8.1", "new")),
        "appVersion": st.sampled_from(("8.0.70", "8.0.9", "8.1")),
        "enrolled": st.sampled_from(("true", "false")),
        "enrolledCount": st.sampled_from(("4", "5", "8", "9", "many", "")),
        "clusters": st.lists(st.sampled_from((*GROUPS, " UCLA ", "other,mit")), max_size=2),
        "city": st.sampled_from((*GROUPS, "nyu ", "other")),
        "plan": st.sampled_from(("pro", "free", "PRO")),
        "walletCurrency": st.sampled_from((*WALLETS, "cny ", "USD")),
        "age": st.sampled_from(("12", "17", "17.9", " 18 ", "18", "18.5", "old", "NaN")),
        "consents": st.lists(st.sampled_from((*CONSENTS, "profiling2", "Profiling")), max_size=3),
    }
    return {name: draw(values) for name, values in fields.items() if draw(st.integers(0, 3))}
