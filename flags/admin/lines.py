"""Rules that are typed one a line: constraints, and the least versions of a profile.

What a line means is checked where commands are carried out; here only its shape is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from flags.models import Constraint, PlatformMinimum
from flags.operations.constraints import LIST_OPERATORS, ConstraintSpec
from flags.operations.platforms import MinimumSpec

NOT = "NOT"
IGNORE_CASE = "/i"
ANY = "-"
MINIMUM_WORDS = 3


class LinesField(forms.CharField):
    """Several lines of text that clean to a tuple of values."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 6}), **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the value of each line that is not empty."""
        lines = str(super().clean(value)).splitlines()
        return tuple(self.parse(line.strip()) for line in lines if line.strip())

    def parse(self, line: str) -> object:
        """Return what a line means, or refuse it."""
        raise NotImplementedError


class TagsField(forms.CharField):
    """Tags between commas, that clean to a tuple."""

    def __init__(self) -> None:
        super().__init__(
            max_length=2_000,
            required=False,
            label=_lazy("Tags"),
            help_text=_lazy(
                "Between commas, each of the form type:value, such as team:growth. Backend SDKs"
                " may ask for the features that have one; bundle:… is there by itself."
            ),
        )

    def prepare_value(self, value: Any) -> Any:
        """Return stored tags as they are typed."""
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """Return each tag once trimmed; what a tag may be is the command's matter."""
        return tuple(tag.strip() for tag in str(super().clean(value)).split(",") if tag.strip())


class ConstraintsField(LinesField):
    """Constraints, `phoneCountry IN CN, HK` or `age NUM_GTE 18`, one a line."""

    def parse(self, line: str) -> ConstraintSpec:
        """Read the field's name, perhaps NOT, the operator, and what follows."""
        name, _space, rest = line.partition(" ")
        inverted = rest.lstrip().startswith(f"{NOT} ")
        words = rest.lstrip().removeprefix(f"{NOT} ").lstrip()
        operator, _space, value = words.partition(" ")
        if not operator:
            told = _("“%(line)s” does not say how %(name)s is compared, as in phoneCountry IN CN.")
            raise ValidationError(told % {"line": line, "name": name}, code="bad_line")
        plain = operator.removesuffix(IGNORE_CASE)
        listed = plain in LIST_OPERATORS
        return ConstraintSpec(
            context_name=name,
            operator=plain,
            values=_read_list(value) if listed else (),
            value="" if listed else value.strip(),
            inverted=inverted,
            case_insensitive=operator != plain,
        )


class MinimumsField(LinesField):
    """Least versions, `ios 15 8.0.50` or `web`, one platform a line; `-` asks nothing."""

    def parse(self, line: str) -> MinimumSpec:
        """Read the platform, the least OS version and the least app version."""
        words = line.split()
        if len(words) > MINIMUM_WORDS:
            told = _("“%(line)s” has more than a platform, an OS version and an app version.")
            raise ValidationError(told % {"line": line}, code="bad_line")
        platform, system, app = (*words, ANY, ANY)[:MINIMUM_WORDS]
        return MinimumSpec(
            platform=platform,
            os_version="" if system == ANY else system,
            app_version="" if app == ANY else app,
        )


def tell_constraints(rows: Iterable[Constraint]) -> str:
    """Return constraints as a person would type them."""
    return "\n".join(map(_tell_constraint, rows))


def tell_minimums(rows: Iterable[PlatformMinimum]) -> str:
    """Return least versions as a person would type them, by platform."""
    lines = []
    for row in sorted(rows, key=lambda row: row.platform):
        words = [row.platform, row.os_version or ANY, row.app_version or ANY]
        while words[-1] == ANY:
            words.pop()
        lines.append(" ".join(words))
    return "\n".join(lines)


def _tell_constraint(row: Constraint) -> str:
    operator = row.operator + (IGNORE_CASE if row.case_insensitive else "")
    value = _write_list(row.values) if row.values else row.value
    return " ".join((row.context_name, *((NOT,) if row.inverted else ()), operator, value))


def _read_list(text: str) -> tuple[str, ...]:
    """Read values between commas; one with a comma of its own stands in quotes."""
    rows = list(csv.reader([text], skipinitialspace=True))
    return tuple(value.strip() for value in rows[0]) if rows and text.strip() else ()


def _write_list(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
