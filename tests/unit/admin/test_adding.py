"""A form that adds never changes a row that is there: it says which one, and leads to it."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from flags.models import ClientToken, KillSwitch
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import CommandAdmin
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

# Every pull makes up a key of its own and every token a text of its own: always new rows.
ALWAYS_NEW = {KillSwitch, ClientToken}


def adding_admins() -> dict[type[Model], type[CommandForm]]:
    """Return the form of every registered admin that adds rows, by their model."""
    return {
        model: page.add_form
        for model, page in admin.site._registry.items()
        if isinstance(page, CommandAdmin) and page.add_form is not None
    }


def typed(form: forms.Form) -> dict[str, Any]:
    """Return what a browser would send for this form as it stands."""
    values = {name: form[name].value() for name in form.fields}
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


@pytest.mark.parametrize("model", sorted(adding_admins().keys() - ALWAYS_NEW, key=str))
@pytest.mark.parametrize("reason", ["as it is", "something else"])
def test_what_is_there_is_never_added_again(
    stocked: Do, sign_in: SignIn, model: type[Model], reason: str
) -> None:
    """Posting a row's own identity refuses, names the row, links to it and changes nothing."""
    row = model._default_manager.latest("pk")
    before = model._default_manager.order_by("pk").values()
    stored = list(before)
    form = adding_admins()[model](instance=row)
    data = typed(form)
    if reason != "as it is":
        texts = {"reason", "note", "name"} & data.keys()
        free = {name for name in texts if isinstance(form.fields[name], forms.CharField)}
        data.update(dict.fromkeys(free, reason))
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    answer = sign_in("admin").post(reverse(f"{name}_add"), data)
    text = answer.content.decode()
    assert (200, True) == (answer.status_code, "There is already one: <a" in text)
    assert f'href="{reverse(f"{name}_change", args=[row.pk])}"' in text
    assert stored == list(before.all())


def test_every_form_that_adds_is_asked() -> None:
    """No admin falls out of the walk: each adds new rows always, or is posted twice above."""
    assert adding_admins().keys() >= ALWAYS_NEW
    assert len(adding_admins()) > 12
