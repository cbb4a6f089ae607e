"""Enrolling and leaving: counted once each, and the last place goes to one person."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from pytest_django import DjangoAssertNumQueries

from flags.models import Cap, Enrolment, Feature
from flags.operations import enrolments
from flags.operations.enrolments import TakeLastPlace, digest_person, enrol, leave
from flags.operations.features import ArchiveFeature
from flags.queries.caps import find_cap
from flags.queries.definitions import load_definitions
from regions.governance import relay
from regions.governance.commands import Command, Refused
from regions.governance.execute import PermissionRefused, Receipt, execute
from regions.governance.models import AuditEntry, Environment, Outbox
from tests.unit.operations.test_caps import a_cap
from tests.unit.world import NOW, Do

ROOT = Path(__file__).resolve().parents[3]
HERE: dict[str, Any] = {
    "app": "shop",
    "environment": "production",
    "feature": "pay.card",
    "territory": "SG",
    "now": NOW,
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nudge nobody."""
    monkeypatch.setattr(relay, "nudge", lambda: None)


def is_in(person: str, **differences: Any) -> bool:
    """Enrol a person and tell whether they are in."""
    return enrol(**{**HERE, "person": person, **differences}).enrolled


def count() -> tuple[int, int]:
    """Return what the cap says of its people, and how many there are."""
    cap = Cap.objects.get()
    return cap.enrolled, cap.enrolments.count()


def crossings() -> list[tuple[str, Any, int]]:
    """List the audit of a cap that got full or free, with the change that it became."""
    commands = ("TakeLastPlace", "FreeFullPlace")
    entries = AuditEntry.objects.filter(command__in=commands).order_by("id")
    return [(entry.actor_name, (entry.after or {})["full"], entry.change_seq) for entry in entries]


def test_people_enrol_until_the_cap_is_full(world: Do) -> None:
    """Asking again changes nothing; whoever comes too late is not in."""
    world(a_cap(limit=2))
    assert [True, True, True, False, True] == [is_in(who) for who in ("a", "a", "b", "c", "b")]
    assert (2, 2) == count()


def test_only_what_changes_answers_is_published(world: Do) -> None:
    """A person alone is no revision; getting full and free again are, with audit and outbox."""
    world(a_cap(limit=3))
    before = Environment.objects.get(key="production").change_seq
    is_in("a")
    is_in("b")
    assert before == Environment.objects.get(key="production").change_seq
    is_in("c")
    is_in("d")
    leave(**HERE, person="b")
    leave(**HERE, person="a")
    assert [("system", True, before + 1), ("system", False, before + 2)] == crossings()
    newest = Outbox.objects.filter(environment__key="production").latest("id")
    assert (before + 2, "content") == (newest.change_seq, newest.part)
    assert (1, 1) == count()


def test_what_is_loaded_follows_the_crossing(world: Do) -> None:
    """The publish that follows tells clients of full, and of free again."""
    world(a_cap(limit=1))
    is_in("a")
    assert load_definitions("shop", "production").caps[0].full
    leave(**HERE, person="a")
    assert not load_definitions("shop", "production").caps[0].full


def test_a_lower_limit_is_full_and_a_higher_one_is_free(world: Do) -> None:
    """Nobody loses a place; whoever leaves above the limit frees none."""
    world(a_cap(limit=3))
    for who in "abc":
        is_in(who)
    world(a_cap(limit=1))
    assert load_definitions("shop", "production").caps[0].full
    assert [True, False] == [is_in("a"), is_in("d")]
    leave(**HERE, person="a")
    assert [(2, 2), False] == [count(), is_in("d")]
    world(a_cap(limit=3))
    assert not load_definitions("shop", "production").caps[0].full
    assert [True, False] == [is_in("d"), is_in("e")]


def test_leaving_frees_no_place_where_the_cap_says_so(world: Do) -> None:
    """The place stays counted, and its person's own when they come back."""
    world(a_cap(limit=1, frees_place=False))
    is_in("a")
    assert not leave(**HERE, person="a").enrolled
    assert [(1, 1), False, True, (1, 1)] == [count(), is_in("b"), is_in("a"), count()]
    assert 1 == len(crossings())


def test_leaving_without_a_place_changes_nothing(world: Do) -> None:
    """Neither a stranger nor somebody who left already moves the count."""
    world(a_cap(limit=2))
    is_in("a")
    for _again in range(2):
        leave(**HERE, person="stranger")
        leave(**HERE, person="a")
    assert (0, 0) == count()


def test_people_enrol_under_the_cap_that_closes(world: Do) -> None:
    """The engine's order decides: the territory's before the bundle's, and only while it holds."""
    world(a_cap(territory="", limit=1))
    world(a_cap(bundle="pay", limit=1))
    world(a_cap(limit=1, starts_date=date(2026, 12, 1)))
    assert "pay@SG" == enrol(**HERE, person="a").cap
    assert "pay.card@*" == enrol(**{**HERE, "territory": "ITA"}, person="a").cap
    assert "pay.card@*" == enrol(**{**HERE, "territory": ""}, person="a").cap
    later = NOW + timedelta(days=30)
    assert "pay.card@SG" == enrol(**{**HERE, "now": later}, person="a").cap


@pytest.mark.parametrize(
    ("differences", "code"),
    [
        ({"territory": "IT"}, "no_cap"),
        ({"environment": "staging"}, "no_cap"),
        ({"now": NOW - timedelta(days=365)}, "no_cap"),
        ({"feature": "pay.transfer"}, "no_cap"),
        ({"feature": "nope"}, "unknown_feature"),
        ({"environment": "moon"}, "unknown_environment"),
        ({"app": "nope"}, "unknown_app"),
        ({"territory": "Singapur"}, "unknown_country"),
        ({"person": ""}, "bad_person"),
        ({"person": "x" * 201}, "bad_person"),
    ],
)
def test_enrolling_where_nobody_counts_is_refused(
    world: Do, differences: dict[str, Any], code: str
) -> None:
    """Without a cap nobody needs to enrol, and is told so."""
    world(a_cap(starts_date=date(2026, 1, 1)))
    for change in (enrol, leave):
        with pytest.raises(Refused) as caught:
            change(**{**HERE, "person": "a", **differences})
        assert code == caught.value.code
    assert not Enrolment.objects.exists()


def test_what_is_no_country_does_not_count_everywhere(world: Do) -> None:
    """A misspelt country is named, whatever cap holds for everybody; unknown is empty."""
    world(a_cap(territory=""))
    with pytest.raises(Refused, match="“Singapur” is not an ISO 3166-1"):
        is_in("a", territory="Singapur")
    assert [True, True] == [is_in("a", territory=""), is_in("b", territory=" sgp ")]


def test_a_cap_that_goes_meanwhile_is_told(world: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes or goes as it is removed hears so, in a sentence."""

    def remove_first(command: Command, **options: Any) -> Receipt:
        Cap.objects.all().delete()
        return execute(command, **options)

    for change in (enrol, leave):
        world(a_cap(limit=1))
        is_in("a")
        with monkeypatch.context() as patched:
            patched.setattr(enrolments, "execute", remove_first)
            with pytest.raises(Refused, match=r"pay\.card@SG was removed meanwhile") as caught:
                change(**HERE, person="b" if change is enrol else "a")
        assert "no_cap" == caught.value.code


def test_another_error_of_the_database_is_not_a_cap_that_went(
    world: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is broken must not look like a rule that somebody took back."""
    world(a_cap())
    monkeypatch.setattr(enrolments, "digest_person", lambda _app, person: person)
    with pytest.raises(IntegrityError):
        is_in("no digest")


@pytest.mark.parametrize(("differences", "queries"), [({}, 2), ({"market": "EEA"}, 4)])
def test_finding_a_cap_reads_only_its_own_markets(
    world: Do,
    differences: dict[str, str],
    queries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Its cost is fixed; markets that no cap names are not read."""
    world(a_cap(territory="", **differences))
    feature = Feature.objects.select_related("app").get(key="pay.card")
    with django_assert_num_queries(queries):
        assert find_cap(feature, "production", "IT", now=NOW)


def test_no_id_of_a_person_is_kept(world: Do, settings: Any) -> None:
    """Rows and audit know a digest, keyed with the installation's secret and the app."""
    world(a_cap(limit=1))
    is_in("alice@example.com")
    person = Enrolment.objects.get().person
    assert digest_person("shop", "alice@example.com") == person
    assert digest_person("other", "alice@example.com") != person
    told = [f"{entry.before} {entry.after}" for entry in AuditEntry.objects.all()]
    assert not [text for text in told if person in text or "alice" in text]
    settings.SECRET_KEY = "another"
    assert digest_person("shop", "alice@example.com") != person


def test_people_do_not_count_by_hand(world: Do) -> None:
    """The commands behind the last place belong to Landfall itself."""
    world(a_cap(limit=1))
    command = TakeLastPlace(
        app="shop",
        environment="production",
        cap_id=Cap.objects.get().pk,
        person=digest_person("shop", "a"),
    )
    person = User.objects.create(username="somebody")
    with pytest.raises(PermissionRefused, match=r"caps\.count"):
        execute(command, actor=person, now=NOW)


def test_an_archived_feature_counts_nobody(world: Do) -> None:
    """It is off for everybody."""
    world(a_cap())
    world(ArchiveFeature(app="shop", key="pay.transfer"))
    world(ArchiveFeature(app="shop", key="pay.card"))
    with pytest.raises(Refused, match="no feature"):
        is_in("a")


def test_the_command_line_enrols_and_lets_go(world: Do, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says who counts and what came of it; a refusal is one sentence."""
    world(a_cap(limit=1))
    options = {"app": "shop", "user": "a", "territory": "SG"}
    call_command("enrol", "pay.card", **options)
    call_command("enrol", "pay.card", **{**options, "user": "b"})
    call_command("enrol", "pay.card", leave=True, **options)
    assert [
        "pay.card@SG: enrolled",
        "pay.card@SG: full, the limit is 1",
        "pay.card@SG: left",
    ] == capsys.readouterr().out.splitlines()
    with pytest.raises(CommandError, match="nobody needs to enrol"):
        call_command("enrol", "pay.transfer", **options)
    with pytest.raises(CommandError, match="“Singapore” is not an ISO 3166-1 alpha-2"):
        call_command("enrol", "pay.card", **{**options, "territory": "Singapore"})


# Races, on the real database


@pytest.fixture
def racing(transactional_db: None, world: Do) -> Iterator[Do]:
    """Have rows that other connections see."""
    yield world
    connection.close()


def race(people: list[str], change: Any = enrol) -> list[bool]:
    """Let everybody ask at the same moment, each on a connection of their own."""
    gate = Barrier(len(people))

    def ask(person: str) -> bool:
        gate.wait()
        try:
            return bool(change(**HERE, person=person).enrolled)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(ask, people))


def test_the_last_place_goes_to_one_of_those_who_ask_at_once(racing: Do) -> None:
    """Twelve ask for three places: three get one, and the cap gets full once."""
    racing(a_cap(limit=3))
    got = race([f"person-{number}" for number in range(12)])
    assert (3, (3, 3), 1) == (sum(got), count(), len(crossings()))


def test_one_person_who_asks_often_at_once_is_counted_once(racing: Do) -> None:
    """Idempotent also while the first answer is still on its way."""
    racing(a_cap(limit=1))
    assert ([True] * 8, (1, 1)) == (race(["a"] * 8), count())


def test_leaving_at_once_frees_each_place_once(racing: Do) -> None:
    """A full cap gets free once, whoever is first."""
    racing(a_cap(limit=4))
    people = ["a", "b", "c", "d"]
    race(people)
    race(people * 2, leave)
    assert ((0, 0), [True, False]) == (count(), [full for _who, full, _seq in crossings()])


def test_processes_race_for_the_last_place_too(racing: Do) -> None:
    """Three commands at once, one place: exactly one of them is in."""
    racing(a_cap(limit=1))
    connection.close()
    command = [sys.executable, "manage.py", "enrol", "pay.card", "--app", "shop"]
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "SECRET_KEY": "of all of them",
    }
    children = [
        subprocess.Popen(
            [*command, "--territory", "SG", "--user", f"person-{number}"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    told = sorted(child.communicate(timeout=60)[0].strip() for child in children)
    assert ["pay.card@SG: enrolled", *["pay.card@SG: full, the limit is 1"] * 2] == told
    assert (1, 1) == count()
