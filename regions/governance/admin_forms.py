"""Forms whose cleaned fields become one command; they write nothing themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from regions.governance.commands import Command, Refused


class KeyChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not so at run time
    """A choice of a row that cleans to the row's key, and to "" when nothing is chosen."""

    def __init__(self, *args: Any, key: str = "key", **kwargs: Any) -> None:
        super().__init__(*args, to_field_name=key, **kwargs)

    def clean(self, value: Any) -> str:
        """Return the key of the chosen row, or ""."""
        row = super().clean(value)
        return str(getattr(row, self.to_field_name or "pk")) if row is not None else ""

    def label_from_instance(self, obj: Model) -> str:
        """Show the name together with the key, when the row has both."""
        name, key = str(obj), str(getattr(obj, self.to_field_name or "pk"))
        return name if name == key else f"{name} ({key})"


class KeysChoiceField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # likewise
    """A choice of several rows that cleans to a tuple of their keys, in key order."""

    def __init__(self, *args: Any, key: str = "key", **kwargs: Any) -> None:
        super().__init__(*args, to_field_name=key, **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the keys of the chosen rows."""
        rows = super().clean(value)
        return tuple(sorted(str(getattr(row, self.to_field_name or "pk")) for row in rows))


class CommandForm(forms.Form):
    """Translate what a person typed into one command.

    Subclasses declare fields, say how a row reads as initial values (`read`) and what the
    command is (`build`). `refused` is what the one door answered to these very values; it
    is shown beside the field that it names, so that nothing typed is lost.
    """

    refused: ClassVar[Refused | None] = None
    instance: Any

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        instance: Any = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        start = self.read(instance) if instance is not None else {}
        self.instance = instance
        # What Django's pages ask of a model form when they show a read-only field beside it.
        self._meta = SimpleNamespace(model=type(instance), labels=None, help_texts=None)
        super().__init__(data, files, initial={**start, **(initial or {})})
        for field in self.fields.values():
            dress(field)

    @classmethod
    def read(cls, instance: Any) -> dict[str, Any]:
        """Return the initial values for a stored row; by default the fields of one name."""
        return {name: getattr(instance, name, None) for name in cls.base_fields}

    @classmethod
    def list_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields, those of `field_order` first."""
        first = [name for name in cls.field_order or () if name in cls.base_fields]
        return (*first, *(name for name in cls.base_fields if name not in first))

    def build(self) -> Command:
        """Return the command; called only with valid values."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Add what the one door refused."""
        cleaned = super().clean() or {}
        if self.refused is not None:
            self.add_refusal(self.refused)
        return cleaned

    def add_refusal(self, refused: Refused) -> None:
        """Show a refusal beside its field, or above the form when no field is at fault."""
        field = refused.field if refused.field in self.fields else None
        self.add_error(field, forms.ValidationError(refused.message, code=refused.code))


def dress(field: forms.Field) -> None:
    """Give a plain field the admin's look; the browser's own date picker stays."""
    kind = _WIDGETS.get(type(field.widget))
    if kind is None or getattr(field.widget, "input_type", "") == "date":
        return
    attrs = {name: value for name, value in field.widget.attrs.items() if name != "class"}
    widget = kind(attrs)
    widget.is_required = field.required
    if isinstance(field.widget, forms.Select):
        widget.choices = field.widget.choices
    field.widget = widget


_WIDGETS: dict[type[forms.Widget], Any] = {
    forms.TextInput: UnfoldAdminTextInputWidget,
    forms.Textarea: UnfoldAdminTextareaWidget,
    forms.NumberInput: UnfoldAdminIntegerFieldWidget,
    forms.Select: UnfoldAdminSelectWidget,
    forms.SelectMultiple: UnfoldAdminSelect2MultipleWidget,
    forms.DateInput: UnfoldAdminSingleDateWidget,
    forms.TimeInput: UnfoldAdminSingleTimeWidget,
    forms.SplitDateTimeWidget: UnfoldAdminSplitDateTimeWidget,
    forms.CheckboxInput: UnfoldBooleanSwitchWidget,
}
