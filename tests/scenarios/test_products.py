"""Products, platforms, people: S11 to S13, S16, S18, S19, S23, S26, S30, S34, S40, S41, S45.

S47 and S49 too: what one change costs the others, and how a reason is shown.
"""

from __future__ import annotations

from typing import Any

import pytest

from flags.engine.display import DISPLAYS
from flags.engine.evaluate import answer
from flags.operations.offers import SetOffer
from flags.wire.ofrep import OfrepRenderer
from tests.scenarios.conftest import Asked, ask_again, give

TEXT = "messaging.text"
FOOD = "mini-programs.food-delivery"
BUYABLE = "commerce.buyable-items"
VIRTUAL = "mini-programs.virtual-payment"
SHORT_VIDEO = "social.short-video"
FEED = "discovery.personalised-feed"
TRACKING = "business.order-tracking"


def at_home(territory: str, **more: Any) -> dict[str, Any]:
    """Return a person whose account, place and app store are in one country."""
    return {
        "accountCountry": territory,
        "locationCountry": territory,
        "storefrontCountry": territory,
        **more,
    }


@pytest.mark.parametrize(
    ("account", "storefront", "platform", "reason"),
    [
        ("US", "US", "ios", "LIVE"),
        ("US", "US", "android", "PLANNED"),
        ("DE", "DE", "ios", "PLANNED"),
        ("US", "DE", "ios", "PLANNED"),
        ("DE", "USA", "ios", "LIVE"),
    ],
)
def test_s11_us_and_ios_first(
    asked: Asked, account: str, storefront: str, platform: str, reason: str
) -> None:
    """The app store decides, whoever the account belongs to."""
    person = at_home(account, storefrontCountry=storefront, platform=platform)
    assert reason == asked.reason(BUYABLE, **person)


@pytest.mark.parametrize(
    ("territory", "city", "reason"),
    [
        ("MY", "kuala-lumpur", "LIVE"),
        ("MY", "george-town", "NEEDS_PARTNER_HERE"),
        ("PH", "manila", "PLANNED"),
        ("CN", "chengdu", "LIVE"),
    ],
)
def test_s12_food_needs_a_partner_in_the_city(
    asked: Asked, territory: str, city: str, reason: str
) -> None:
    """A city has a partner or not; one partner may serve a whole country."""
    assert reason == asked.reason(FOOD, **at_home(territory, city=city))


@pytest.mark.parametrize(
    ("feature", "territory", "platform", "enrolled", "reason"),
    [
        (TEXT, "US", "symbian", True, "PLATFORM_RETIRED"),
        (TEXT, "IN", "kaios", True, "LIVE"),
        ("calling.voice", "IN", "kaios", True, "UNSUPPORTED_PLATFORM"),
        (TEXT, "IN", "kaios", False, "CLOSED_TO_NEW"),
    ],
)
def test_s13_old_phones(
    asked: Asked, feature: str, territory: str, platform: str, reason: str, *, enrolled: bool
) -> None:
    """A retired platform is off, one that is closed to new people keeps text for the old."""
    person = at_home(territory, platform=platform, osVersion="3.0", enrolled=enrolled)
    assert reason == asked.reason(feature, **person)


@pytest.mark.parametrize(
    ("platform", "os_version", "app_version", "reason"),
    [
        ("ios", "18.0", "8.0.67", "UNSUPPORTED_PLATFORM"),
        ("ios", "14.8", "8.0.70", "UNSUPPORTED_PLATFORM"),
        ("ios", "15.0", "8.0.68", "LIVE"),
        ("android", "13", "8.0.10", "LIVE"),
        ("harmonyos", "5", "8.0.50", "LIVE"),
    ],
)
def test_s16_a_platform_rule_inside_a_country_feature(
    asked: Asked, platform: str, os_version: str, app_version: str, reason: str
) -> None:
    """Least versions differ from platform to platform; short ones are padded."""
    person = at_home("CN", platform=platform, osVersion=os_version, appVersion=app_version)
    assert reason == asked.reason(VIRTUAL, **person)


@pytest.mark.parametrize(
    ("territory", "age", "young"),
    [
        ("DE", 15, True),
        ("DE", 16, False),
        ("FR", 15, False),
        ("FR", 14, True),
        ("IT", 14, False),
        ("GB", 13, False),
        ("US", 12, True),
        ("US", 13, False),
        ("US", None, True),
    ],
)
def test_s18_age_by_country(asked: Asked, territory: str, age: int | None, *, young: bool) -> None:
    """Each country has its own age of consent; an unknown age is too young."""
    reason = asked.reason(SHORT_VIDEO, **at_home(territory, age=age, clusters="us-ca-ucla"))
    assert ("AGE" if young else "LIVE") == reason


@pytest.mark.parametrize(("age", "value"), [(15, "private"), (None, "private"), (30, "friends")])
def test_s18_a_new_profile_of_a_child_is_private(asked: Asked, age: int | None, value: str) -> None:
    """Nobody who is not known to be an adult starts with an audience."""
    assert value == asked.value("social.default-visibility", **at_home("US", age=age))


@pytest.mark.parametrize(
    ("territory", "consents", "reason"),
    [
        ("FR", None, "CONSENT_REQUIRED"),
        ("FR", "location", "CONSENT_REQUIRED"),
        ("FR", ["location", "profiling"], "LIVE"),
        ("FR", "profiling", "LIVE"),
        ("US", None, "LIVE"),
    ],
)
def test_s19_consent(asked: Asked, territory: str, consents: Any, reason: str) -> None:
    """Where profiling needs a yes, only that yes counts; elsewhere nobody is asked."""
    assert reason == asked.reason(FEED, **at_home(territory, consents=consents))


@pytest.mark.parametrize(
    ("feature", "app_version", "reason"),
    [
        ("wallet.merchant-qr", "8.0.40", "LIVE"),
        ("mini-programs.runtime", "8.0.40", "UNSUPPORTED_PLATFORM"),
        ("mini-programs.runtime", "8.0.50", "LIVE"),
    ],
)
def test_s23_a_new_system_gets_features_in_stages(
    asked: Asked, feature: str, app_version: str, reason: str
) -> None:
    """The app's version opens what came later."""
    person = at_home("CN", platform="harmonyos", osVersion="5", appVersion=app_version)
    assert reason == asked.reason(feature, **person)


def test_s23_an_unknown_system_cannot_pay(asked: Asked) -> None:
    """A platform that no profile names is off for money."""
    person = at_home("CN", platform="toaster", osVersion="1")
    assert "UNSUPPORTED_PLATFORM" == asked.reason("wallet.merchant-qr", **person)


def test_s26_law_and_licence_win_over_a_profile(asked: Asked) -> None:
    """Choosing everything does not make a wallet where there is none."""
    person = at_home("DE", profile="all-in-one")
    assert "NEEDS_PARTNER" == asked.reason("wallet.bind-card", **person)


@pytest.mark.parametrize(
    ("territory", "reason"), [("US", "NEEDS_PARTNER_HERE"), ("CN", "LIVE"), ("DE", "LIVE")]
)
def test_s30_order_tracking_by_carrier(asked: Asked, territory: str, reason: str) -> None:
    """A carrier of the account's country makes tracking real."""
    assert reason == asked.reason(TRACKING, **at_home(territory))


@pytest.mark.parametrize(("territory", "value"), [("DE", "14d"), ("BR", "7d"), ("US", "none")])
def test_s34_right_of_withdrawal(asked: Asked, territory: str, value: str) -> None:
    """The variant is the country's number of days."""
    got = asked.evaluate("commerce.withdrawal-notice", **at_home(territory))
    assert (value, "VARIANT") == (got.value, got.reason)


@pytest.mark.parametrize(
    ("clusters", "reason"),
    [
        ("us-ca-ucla", "LIVE"),
        ("us-ny-nyu", "NOT_IN_ROLLOUT"),
        (["us-ny-nyu", "us-ca-ucla"], "LIVE"),
        (None, "NOT_IN_ROLLOUT"),
    ],
)
def test_s40_whole_clusters(asked: Asked, clusters: Any, reason: str) -> None:
    """A school gets it whole and in its turn; one enabled group is enough."""
    for user in ("1", "2", "3"):
        person = at_home("US", clusters=clusters, userId=user)
        assert reason == asked.reason(SHORT_VIDEO, **person)


def test_s41_an_unknown_key_is_off(asked: Asked) -> None:
    """A client that is newer than the server hears no error."""
    got = asked.evaluate("no.such-feature", **at_home("US"))
    assert (False, False, "UNKNOWN_FEATURE") == (got.on, got.value, got.reason)


@pytest.mark.parametrize(("age", "reason"), [(12, "AGE"), (13, "LIVE")])
def test_s45_no_ads_for_children(asked: Asked, age: int, reason: str) -> None:
    """Native ads begin with an age."""
    assert reason == asked.reason("discovery.native-ads", **at_home("US", age=age))


def test_s45_not_offered_by_choice_is_no_law(asked: Asked) -> None:
    """A lawyer and a product manager read different reasons."""
    give(
        SetOffer(
            app="superapp",
            environment="production",
            feature="discovery.native-ads",
            territory="DE",
            status="not-offered",
            reason="this edition promises no ads",
            owner="discovery-team",
        )
    )
    assert "NOT_OFFERED" == ask_again().reason("discovery.native-ads", **at_home("DE"))


def test_s47_a_change_in_one_country_costs_the_others_nothing(asked: Asked) -> None:
    """After an offer of SG changed, SG has another ETag and everybody else the same."""
    people = [asked.read(**at_home(code)) for code in ("SG", "US", "DE")]
    renderer = OfrepRenderer()
    before = [answer(asked.respondent.snapshot, one, renderer).etag for one in people]
    give(
        SetOffer(
            app="superapp",
            environment="production",
            bundle="commerce",
            territory="SG",
            status="live",
            reason="sellers are ready",
            owner="commerce-team",
        ),
        by="pm",
    )
    after = [answer(ask_again().respondent.snapshot, one, renderer).etag for one in people]
    assert [False, True, True] == [old == new for old, new in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    ("feature", "person", "display"),
    [
        ("calling.voice", at_home("AE"), "disabled"),
        ("wallet.bind-card", at_home("US"), "disabled"),
        ("commerce.collections", at_home("SG"), "notify"),
        ("calling.video", at_home("TR", platform="android"), "hidden"),
        (TEXT, at_home("US"), "shown"),
    ],
)
def test_s49_hide_or_explain(
    asked: Asked, feature: str, person: dict[str, Any], display: str
) -> None:
    """What is forbidden is explained, what is planned can be waited for, a kill is hidden."""
    assert display == DISPLAYS[asked.evaluate(feature, **person).reason]
