"""Enrol people under a cap, and let them leave: atomic, and counted once each.

A person is kept as a keyed digest, so that nobody can read from the rows who enrolled; it
is keyed with SECRET_KEY, and people who enrolled under another key are strangers. That a
single person comes or goes is neither a revision nor an audit entry: the audit keeps what
people decide about rules, for ever, and a hundred million lines of who came when would be
neither. What changes answers is a cap that gets full or free again. Only that goes through
the one door, with audit and outbox, in the same transaction as the count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from flags.models import Cap, Enrolment
from flags.operations.caps import KIND
from flags.operations.lookups import get_feature
from flags.queries.caps import find_cap
from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.governance.execute import execute
from regions.governance.models import Environment
from regions.locales.territory import normalise_country
from regions.operations.checks import check_country, get_app, shown

PERSON_CHARACTERS = 200
Step = Literal["taken", "kept", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What came of enrolling or leaving: which cap counted, and whether the person is in."""

    cap: str
    limit: int
    enrolled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLastPlace(Command):
    """Take a cap's last place for a person's digest, if it is still there."""

    app: str
    environment: str
    cap_id: int
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeFullPlace(Command):
    """Give a place of a full cap back for a person's digest."""

    app: str
    environment: str
    cap_id: int
    person: str


def enrol(
    *, app: str, environment: str, feature: str, person: str, territory: str, now: datetime
) -> Standing:
    """Enrol a person where the feature's cap counts; asking again changes nothing.

    `territory` is where the person is by the feature's offer basis, empty when unknown;
    what is no country is refused, lest it counts everywhere. The last free place goes to
    exactly one of those who ask at once. Raises Refused where no cap holds now: nobody
    needs to enrol there.
    """
    cap = _get_cap(app, environment, feature, territory, now)
    digest = digest_person(app, person)
    # Places before the last change no answer and need no lock of the environment. The last
    # one is taken behind that lock, which the one door takes before it touches the cap.
    with _told_when_gone(cap):
        step = _take(cap.pk, digest, now=now, spare=1)
        if step == "refused":
            last = TakeLastPlace(app=app, environment=environment, cap_id=cap.pk, person=digest)
            execute(last, actor=None, now=now)
    enrolled = Enrolment.objects.filter(cap=cap, person=digest, left_at=None).exists()
    return Standing(cap=cap.slot_key, limit=cap.limit, enrolled=enrolled)


def leave(
    *, app: str, environment: str, feature: str, person: str, territory: str, now: datetime
) -> Standing:
    """Let a person go; a place gets free only where the cap says so."""
    cap = _get_cap(app, environment, feature, territory, now)
    digest = digest_person(app, person)
    standing = Standing(cap=cap.slot_key, limit=cap.limit, enrolled=False)
    if not cap.frees_place:
        there = Enrolment.objects.filter(cap=cap, person=digest, left_at=None)
        there.update(left_at=now)
    elif _give_back(cap.pk, digest, full=False) == "refused":
        full = FreeFullPlace(app=app, environment=environment, cap_id=cap.pk, person=digest)
        with _told_when_gone(cap):
            execute(full, actor=None, now=now)
    return standing


@operation(TakeLastPlace, permission="caps.count", secrets=("person",))
def take_last_place(command: TakeLastPlace, moment: Moment) -> Iterable[Change]:
    """Take whatever place is left; tell when it was the last."""
    step = _take(command.cap_id, command.person, now=moment.now, spare=0)
    cap = Cap.objects.select_related("feature", "bundle", "market").get(pk=command.cap_id)
    return _tell(cap, full=True) if step == "taken" and cap.enrolled == cap.limit else []


@operation(FreeFullPlace, permission="caps.count", secrets=("person",))
def free_full_place(command: FreeFullPlace, _moment: Moment) -> Iterable[Change]:
    """Give the place back, whatever the count is by now; tell when the cap was full."""
    step = _give_back(command.cap_id, command.person, full=True)
    cap = Cap.objects.select_related("feature", "bundle", "market").get(pk=command.cap_id)
    return _tell(cap, full=False) if step == "taken" and cap.enrolled == cap.limit - 1 else []


def digest_person(app: str, person: str) -> str:
    """Return the digest under which an app's enrolments know a person, or refuse."""
    if not person or len(person) > PERSON_CHARACTERS:
        raise Refused(
            f"A person's id has from 1 to {PERSON_CHARACTERS} characters;"
            f" this one has {len(person)}.",
            code="bad_person",
            field="person",
        )
    keyed = salted_hmac(f"landfall.enrolment.{app}", person, algorithm="sha256")
    return keyed.hexdigest()


def _get_cap(app: str, environment: str, feature: str, territory: str, now: datetime) -> Cap:
    row = get_feature(get_app(app), feature)
    if not Environment.objects.filter(key=environment).exists():
        raise Refused(
            f"There is no environment “{shown(environment)}”.",
            code="unknown_environment",
            field="environment",
        )
    code = normalise_country(territory)
    if code is None and territory.strip():
        check_country(territory, field="territory")
    cap = find_cap(row, environment, code, now=now)
    if cap is None:
        raise _uncapped(f"{feature} has no cap at {code or 'an unknown place'} now")
    return cap


def _uncapped(what: str) -> Refused:
    return Refused(f"{what}; nobody needs to enrol.", code="no_cap", field="feature")


@contextmanager
def _told_when_gone(cap: Cap) -> Iterator[None]:
    """Refuse where the cap was removed while somebody came or went; other errors stay."""
    try:
        yield
    except (IntegrityError, Cap.DoesNotExist):
        if Cap.objects.filter(pk=cap.pk).exists():
            raise
        raise _uncapped(f"The cap {cap.slot_key} was removed meanwhile") from None


def _take(cap_id: int, person: str, *, now: datetime, spare: int) -> Step:
    """Take a place while more than `spare` are left; a person's own is kept."""
    with transaction.atomic():
        row, is_new = Enrolment.objects.get_or_create(
            cap_id=cap_id, person=person, defaults={"enrolled_at": now}
        )
        if not is_new:
            if row.left_at is not None:
                Enrolment.objects.filter(pk=row.pk).update(left_at=None)
            return "kept"
        free = Cap.objects.filter(pk=cap_id, enrolled__lt=F("limit") - spare)
        if free.update(enrolled=F("enrolled") + 1):
            return "taken"
        transaction.set_rollback(True)
    return "refused"


def _give_back(cap_id: int, person: str, *, full: bool) -> Step:
    """Give a person's place back; that of a cap that is just full only when told so."""
    with transaction.atomic():
        gone, _rows = Enrolment.objects.filter(cap_id=cap_id, person=person).delete()
        if not gone:
            return "kept"
        caps = Cap.objects.filter(pk=cap_id)
        if not full:
            caps = caps.exclude(enrolled=F("limit"))
        if caps.update(enrolled=F("enrolled") - 1):
            return "taken"
        transaction.set_rollback(True)
    return "refused"


def _tell(cap: Cap, *, full: bool) -> list[Change]:
    """Tell that a cap got full, or free again."""
    facts = {"limit": cap.limit, "full": full}
    before = {**facts, "full": not full}
    return [
        Change(
            object_type=KIND, object_key=cap.slot_key, action="updated", before=before, after=facts
        )
    ]
