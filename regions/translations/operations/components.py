"""Components: which catalogs there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regions.governance.commands import Change, Command, Moment, Refused, operation
from regions.locales.tag import UnreadableTag, normalise_tag
from regions.models import Locale
from regions.translations.models import Component

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetComponent(Command):
    """Create the component with this key, or give it another name.

    The source language of a component that has messages stays what it is.
    """

    key: str
    name: str
    source_locale: str


@operation(SetComponent, permission="texts")
def set_component(command: SetComponent, moment: Moment) -> Iterator[Change]:
    """Create or update one component."""
    del moment
    if not _KEY.fullmatch(command.key):
        raise Refused(
            f"“{command.key[:60]}” cannot be a key: small letters, digits and hyphens, up to 60.",
            code="bad_key",
            field="key",
        )
    source = get_locale(command.source_locale, field="source_locale")
    row = Component.objects.select_related("source_locale").filter(key=command.key).first()
    before = _facts(row) if row else None
    if row is None:
        row = Component(key=command.key)
    elif row.source_locale != source and row.entries.exists():
        raise Refused(
            f"{command.key} has messages in {row.source_locale.tag} already.",
            code="source_in_use",
            field="source_locale",
        )
    row.name, row.source_locale = command.name or command.key, source
    after = _facts(row)
    if before != after:
        row.save()
        yield Change(
            object_type="component",
            object_key=command.key,
            action="updated" if before else "created",
            before=before,
            after=after,
        )


def get_locale(text: str, *, field: str) -> Locale:
    """Return the row of a tag in any spelling. Raises Refused."""
    try:
        tag = normalise_tag(text)
    except UnreadableTag as error:
        raise Refused(str(error), code="bad_tag", field=field) from None
    locale = Locale.objects.filter(tag=tag).first()
    if locale is None:
        raise Refused(f"There is no locale {tag}.", code="unknown_locale", field=field)
    return locale


def _facts(row: Component) -> dict[str, str]:
    return {"name": row.name, "source_locale": row.source_locale.tag}
