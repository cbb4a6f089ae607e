"""Commands about locales, and which of them a territory speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.locales.fallback import UnusableParents, check_parents, inherit
from regions.locales.tag import UnreadableTag, normalise_tag
from regions.models import Locale, TerritoryLocale
from regions.models.locale import LAST_STEPS
from regions.operations.checks import (
    check_choice,
    check_once,
    get_locale,
    get_territory,
    shown,
)
from regions.operations.facts import is_official
from regions.operations.rows import put

TAG_CHARACTERS = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLocale(Command):
    """Have a locale by its canonical BCP 47 tag; `parent` only where it differs from CLDR."""

    tag: str
    parent: str = ""
    last_step: str = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTerritoryLocales(Command):
    """Offer exactly these locales in a territory, in order of preference."""

    territory: str
    locales: tuple[str, ...]


@operation(SetLocale, permission="regions")
def set_locale(command: SetLocale, _moment: Moment) -> Iterable[Change]:
    """Write the locale; a chain of parents never returns to where it began."""
    _check_tag(command.tag)
    check_choice(
        command.last_step,
        [word for word, _label in LAST_STEPS],
        name="last step",
        field="last_step",
    )
    parent = get_locale(command.parent, field="parent") if command.parent else None
    _check_chain(command.tag, parent)
    written = put(
        Locale.objects.filter(tag=command.tag).first(),
        Locale(tag=command.tag),
        {"parent": parent, "last_step": command.last_step},
    )
    return written.changes("locale", command.tag)


@operation(SetTerritoryLocales, permission="regions")
def set_territory_locales(command: SetTerritoryLocales, _moment: Moment) -> Iterable[Change]:
    """Write the locales of a territory; whether one is official is CLDR's word."""
    territory = get_territory(command.territory)
    check_once(command.locales, things=f"locales of {command.territory}", field="locales")
    before = list(territory.locales.order_by("position").values_list("locale__tag", flat=True))
    after = list(command.locales)
    rows = [
        TerritoryLocale(
            territory=territory,
            locale=get_locale(tag, field="locales"),
            position=position,
            official=is_official(territory.code, tag),
        )
        for position, tag in enumerate(after)
        if before != after
    ]
    if before == after:
        return []
    territory.locales.all().delete()
    TerritoryLocale.objects.bulk_create(rows)
    return [
        Change(
            object_type="territory-locales",
            object_key=territory.code,
            action="updated" if before else "created",
            before={"locales": before} if before else None,
            after={"locales": after},
        )
    ]


def _check_tag(tag: str) -> None:
    """Refuse a tag in another spelling than the one that is compared everywhere."""
    try:
        canonical = normalise_tag(tag)
    except UnreadableTag:
        canonical = ""
    if canonical != tag or len(tag) > TAG_CHARACTERS:
        hint = f"; write {canonical}" if canonical and canonical != tag else ""
        raise Refused(
            f"“{shown(tag)}” is not a canonical BCP 47 tag of at most {TAG_CHARACTERS}"
            f" characters, such as zh-Hant-HK{hint}.",
            code="bad_tag",
            field="tag",
        )


def _check_chain(tag: str, parent: Locale | None) -> None:
    """Try the chain of every locale as it would be, parents by CLDR included."""
    rows = Locale.objects.filter(parent__isnull=False).exclude(tag=tag)
    parents = dict(rows.values_list("tag", "parent__tag"))
    if parent is not None:
        parents[tag] = parent.tag
    try:
        inherit(tag, parents)
        check_parents(parents)
    except UnusableParents as error:
        raise Refused(str(error), code="cycle", field="parent") from None
