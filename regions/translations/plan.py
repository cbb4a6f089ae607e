"""PURE: what a sync has to do, once files and rows lie side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from regions.locales.plurals import rule_of
from regions.translations.catalog import Catalog, Message, find_form_faults
from regions.translations.merge import Outcome, Text, decide
from regions.translations.stored import StoredComponent, StoredEntry, StoredText

# A file that lost this share of its messages was more likely damaged than meant.
_LARGE_SHARE = 0.2
_LARGE_NUMBER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStep:
    """A message that the source catalog adds, changes (both sides given) or drops."""

    before: StoredEntry | None
    message: Message | None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStep:
    """A text and what is to be done with it; `agree` only where base has to follow."""

    key: str
    locale: str
    outcome: Outcome
    mine: StoredText | None
    theirs: Message | None

    @property
    def forms(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return base, mine and theirs."""
        mine = self.mine
        return (
            mine.base.forms if mine else (),
            mine.mine.forms if mine else (),
            self.theirs.forms if self.theirs else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps of one component. `refusals` keep a file from being followed at all."""

    component: str
    is_new: bool = False
    entries: tuple[EntryStep, ...] = ()
    texts: tuple[TextStep, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()

    def list_texts(self, outcome: Outcome) -> list[TextStep]:
        """Return the steps with this outcome."""
        return [step for step in self.texts if step.outcome == outcome]


def plan_component(
    catalogs: Mapping[str, Catalog],
    stored: StoredComponent | None,
    *,
    component: str,
    source_locale: str,
    unreadable: Iterable[str] = (),
    allow_removals: bool = False,
) -> Plan:
    """Compare the catalogs of one component, by locale, with its rows.

    Nothing is taken from a locale whose file is `unreadable`. Without a source catalog
    there is nothing to do but to say so.
    """
    source = catalogs.get(source_locale)
    if source is None:
        refusal = f"{component}: there is no readable catalog in {source_locale}, its source."
        return Plan(component=component, refusals=(refusal,))
    total = len(stored.entries) if stored else 0
    entries = _plan_entries(source, stored)
    gone = [step for step in entries if step.message is None]
    refusals: list[str] = []
    if not allow_removals and _is_large(len(gone), total):
        refusals.append(
            f"{component}: the source catalog has lost {len(gone)} of {total} messages; "
            "they are kept."
        )
        entries = [step for step in entries if step.message is not None]
    keys = {message.key: message for message in source.messages}
    texts: list[TextStep] = []
    warnings: list[str] = []
    for locale in sorted({*catalogs, *(stored.texts if stored else ())} - set(unreadable)):
        catalog = catalogs.get(locale)
        rows = stored.texts.get(locale, {}) if stored else {}
        steps = list(plan_texts(locale, catalog, rows, keys))
        if catalog is None and steps:
            warnings.append(f"{component}: the catalog of {locale} is missing; it is written anew.")
        lost = [step for step in steps if step.outcome == "import" and not step.forms[2]]
        if not allow_removals and _is_large(len(lost), len(rows)):
            refusals.append(
                f"{component}: the catalog of {locale} has lost {len(lost)} of {len(rows)} "
                "texts; they are kept."
            )
            continue
        texts.extend(steps)
        warnings.extend(_find_warnings(component, catalog, keys, source_locale))
    return Plan(
        component=component,
        is_new=stored is None,
        entries=tuple(entries),
        texts=tuple(texts),
        warnings=tuple(warnings),
        refusals=tuple(refusals),
    )


def plan_texts(
    locale: str,
    catalog: Catalog | None,
    rows: Mapping[str, StoredText],
    source: Mapping[str, Message],
) -> Iterator[TextStep]:
    """Compare the texts of one locale with its file, None when that does not exist."""
    file = {message.key: message for message in catalog.messages} if catalog else {}
    for key, original in source.items():
        message, row = file.get(key), rows.get(key)
        theirs = judge(message, original, locale) if message else None
        outcome = _decide(catalog, theirs, row)
        if outcome is not None:
            yield TextStep(key=key, locale=locale, outcome=outcome, mine=row, theirs=theirs)


def judge(message: Message, source: Message, locale: str) -> Message:
    """Return the message as needing review when its text may not be shown as it is.

    That is when it could not be, or when it translates another source text than there is now.
    The file is not told: its msgid says so, until a person has looked and both are written.
    """
    if not message.forms or message.needs_review:
        return message
    doubtful = _is_outdated(message, source) or list_faults(message, source, locale)
    return replace(message, needs_review=True) if doubtful else message


def list_faults(message: Message, source: Message, locale: str) -> list[str]:
    """Name what keeps the text of a message from being shown."""
    expected = len(rule_of(locale).categories) if source.source_plural else 1
    if len(message.forms) != expected:
        return [f"There are {len(message.forms)} forms, but {locale} needs {expected}."]
    return find_form_faults(
        message.forms,
        source=source.source,
        source_plural=source.source_plural,
        exact=rule_of(locale).exact if source.source_plural else (),
    )


def _is_outdated(message: Message, source: Message) -> bool:
    """Tell whether the words of the source moved; another shape shows in the number of forms."""
    return bool(message.source_plural) == bool(source.source_plural) and (
        (message.source, message.source_plural) != (source.source, source.source_plural)
    )


def _plan_entries(source: Catalog, stored: StoredComponent | None) -> list[EntryStep]:
    before = stored.entries if stored else {}
    steps: list[EntryStep] = []
    for position, message in enumerate(source.messages):
        row = before.get(message.key)
        if row is None or _differs(row, message, position):
            steps.append(EntryStep(before=row, message=message, position=position))
    present = {message.key for message in source.messages}
    steps.extend(
        EntryStep(before=row, message=None) for key, row in before.items() if key not in present
    )
    return steps


def _differs(row: StoredEntry, message: Message, position: int) -> bool:
    return (row.source, row.source_plural, row.note, row.position) != (
        message.source,
        message.source_plural,
        message.note,
        position,
    )


def _decide(
    catalog: Catalog | None, message: Message | None, row: StoredText | None
) -> Outcome | None:
    """Return what to do, None when nothing is."""
    theirs = Text(message.forms, message.needs_review) if message else Text()
    mine = row.mine if row else Text()
    base = row.base if row else Text()
    if catalog is None:
        # Nobody deletes single texts by deleting a file.
        return "write" if mine.forms else None
    outcome = decide(base=base, mine=mine, theirs=theirs)
    if outcome == "agree":
        settled = base == mine and (row is None or row.conflict is None)
        return None if settled else "agree"
    if outcome == "conflict" and row and row.conflict == (base.forms, mine.forms, theirs.forms):
        return "conflict"
    return outcome


def _find_warnings(
    component: str, catalog: Catalog | None, source: Mapping[str, Message], source_locale: str
) -> Iterator[str]:
    if catalog is None:
        return
    where = f"{component} in {catalog.locale}"
    yield from (f"{where}: {warning}" for warning in catalog.warnings)
    for message in catalog.messages:
        original = source.get(message.key)
        if original is None:
            yield f"{where}, line {message.line}: “{message.key}” is not in the source catalog."
            continue
        if (original.source, original.source_plural) != (message.source, message.source_plural):
            yield f"{where}, line {message.line}: “{message.key}” has an outdated source text."
        if message.forms and catalog.locale != source_locale:
            for fault in list_faults(message, original, catalog.locale):
                yield f"{where}, line {message.line}: “{message.key}”: {fault}"


def _is_large(lost: int, total: int) -> bool:
    return lost > _LARGE_NUMBER and lost > total * _LARGE_SHARE
