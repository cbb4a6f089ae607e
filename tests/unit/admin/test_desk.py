"""The translator's desk: what is missing shows, and each message saves alone."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from regions.governance.models import AuditEntry
from regions.translations.models import Conflict, Translation
from tests.unit.admin.conftest import SignIn
from tests.unit.world import Do

DESK = "/admin/translations/translation/"
FETCH = {"X-Requested-With": "fetch"}


def save(
    client: Client, key: str, text: str, *, seen: tuple[str, ...] = (), **more: str
) -> tuple[int, str]:
    """Send one line of the Latin American desk, as its script does."""
    form = {
        "component": "one",
        "key": key,
        "locale": "es-419",
        "forms": text,
        "seen": json.dumps(seen),
        **more,
    }
    answer = client.post(f"{DESK}save/", form, headers=FETCH)
    return answer.status_code, answer.content.decode()


def test_the_overview_shows_how_complete_each_locale_is(stocked: Do, sign_in: SignIn) -> None:
    """Spanish has one of two messages."""
    text = sign_in("guest").get(DESK).content.decode()
    assert "50%" in text
    assert "1 own, 0 inherited, 1 missing" in text


def test_source_parent_and_own_text_stand_side_by_side(stocked: Do, sign_in: SignIn) -> None:
    """Latin America inherits the taxi from Spain, and says so."""
    text = sign_in("translator").get(DESK, {"locale": "es-419"}).content.decode()
    assert "Pay for a taxi" in text
    assert "Pagar un taxi" in text
    assert "from es" in text


def test_saving_a_line_gives_one_command(stocked: Do, sign_in: SignIn) -> None:
    """The text is stored and recorded; the line comes back with its new state."""
    status, text = save(sign_in("translator"), "one.fee", "Una comisión de {fee}.")
    row = Translation.objects.get(locale__tag="es-419")
    assert (200, ["Una comisión de {fee}."]) == (status, row.forms)
    assert "translator" == AuditEntry.objects.latest("id").actor_name
    assert "Publishing…" in text


def test_the_source_language_inherits_from_nobody(stocked: Do, sign_in: SignIn) -> None:
    """Coverage calls it the source."""
    text = sign_in("translator").get(DESK).content.decode()
    row = text[text.index('href="?locale=en"') :].split("</tr>", 1)[0]
    assert '<span class="lf-dim">source</span>' in row
    assert "inherited" not in row


def test_a_lost_placeholder_is_refused_and_the_text_kept(stocked: Do, sign_in: SignIn) -> None:
    """What cannot be shown is not stored, and not lost either."""
    status, text = save(sign_in("translator"), "one.fee", "Una comisión.")
    assert (422, False) == (status, Translation.objects.filter(locale__tag="es-419").exists())
    assert ">Una comisión.</textarea>" in text
    assert "{fee}" in text[text.index("lf-field-error") :]


def test_a_text_that_moved_on_is_not_overwritten(stocked: Do, sign_in: SignIn) -> None:
    """Two translators at one line: the second hears of the first."""
    client = sign_in("translator")
    save(client, "one.taxi", "Pagar el taxi")
    status, text = save(client, "one.taxi", "Pagar taxi")
    assert 422 == status
    assert "Somebody changed this text meanwhile" in text


def test_an_approver_approves_what_another_wrote(stocked: Do, sign_in: SignIn) -> None:
    """The approver finds a button and no field to type in."""
    save(sign_in("translator"), "one.taxi", "Pagar el taxi")
    approver = sign_in("approver")
    text = approver.get(DESK, {"locale": "es-419"}).content.decode()
    assert 'value="approve"' in text
    assert "<textarea" not in text
    assert 200 == save(approver, "one.taxi", "", seen=("Pagar el taxi",), step="approve")[0]
    assert "approved" == Translation.objects.get(locale__tag="es-419").state


def test_a_guest_writes_no_text(stocked: Do, sign_in: SignIn) -> None:
    """Looking is for all, writing for translators."""
    guest = sign_in("guest")
    assert "<textarea" not in guest.get(DESK, {"locale": "es-419"}).content.decode()
    assert 422 == save(guest, "one.taxi", "Pagar el taxi")[0]
    assert not Translation.objects.filter(locale__tag="es-419").exists()


def test_filters_show_what_they_say(stocked: Do, sign_in: SignIn) -> None:
    """Missing shows the fee alone; a search that finds nothing offers the way back."""
    client = sign_in("translator")
    missing = client.get(DESK, {"locale": "es", "show": "missing"}).content.decode()
    assert ('data-line="one/one.fee"' in missing, 'data-line="one/one.taxi"' in missing) == (
        True,
        False,
    )
    nothing = client.get(DESK, {"locale": "es", "q": "no such words"}).content.decode()
    assert "Show all messages" in nothing


def test_a_conflict_shows_three_texts_and_is_decided(stocked: Do, sign_in: SignIn) -> None:
    """Before, admin and file stand side by side; the decision closes it."""
    row = Translation.objects.get(locale__tag="es")
    conflict = Conflict.objects.create(
        translation=row,
        base=["Pagar un taxi"],
        mine=["Pagar el taxi"],
        theirs=["Pague un taxi"],
        found_at=timezone.now(),
    )
    client = sign_in("translator")
    address = reverse("admin:translations_conflict_change", args=[conflict.pk])
    text = client.get(address).content.decode()
    assert all(words in text for words in ("Pagar un taxi", "Pagar el taxi", "Pague un taxi"))
    form = {"seen": json.dumps(["Pague un taxi"]), "form_0": "Pagar el\r\ntaxi "}
    assert 302 == client.post(address, form).status_code
    row.refresh_from_db()
    assert (["Pagar el\ntaxi "], False) == (row.forms, Conflict.objects.exists())


def test_a_conflict_that_moved_on_is_not_decided(stocked: Do, sign_in: SignIn) -> None:
    """The file says something else since the page was opened: nobody has seen that yet."""
    row = Translation.objects.get(locale__tag="es")
    conflict = Conflict.objects.create(
        translation=row, mine=row.forms, theirs=["Taxi nuevo"], found_at=timezone.now()
    )
    client = sign_in("translator")
    address = reverse("admin:translations_conflict_change", args=[conflict.pk])
    for seen in (json.dumps(["Taxi viejo"]), "5", "{", ""):
        answer = client.post(address, {"seen": seen, "form_0": "Pagar"})
        assert (200, seen) == (answer.status_code, seen)
    assert Conflict.objects.get().theirs == ["Taxi nuevo"]


def test_one_side_of_a_conflict_may_be_nothing(stocked: Do, sign_in: SignIn) -> None:
    """Who took the own text back may stay with that, though the file was edited."""
    row = Translation.objects.get(locale__tag="es")
    Translation.objects.filter(pk=row.pk).update(forms=[])
    conflict = Conflict.objects.create(
        translation=row, base=row.forms, theirs=["Pague un taxi"], found_at=timezone.now()
    )
    address = reverse("admin:translations_conflict_change", args=[conflict.pk])
    form = {"seen": json.dumps(["Pague un taxi"]), "form_0": ""}
    assert 302 == sign_in("translator").post(address, form).status_code
    assert not Conflict.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"seen": "{"}, 400), ({"seen": "5"}, 400), ({"locale": "???"}, 404)],
)
def test_a_line_that_no_page_sends_is_refused(
    stocked: Do, sign_in: SignIn, wrong: dict[str, str], status: int
) -> None:
    """What cannot be read is the sender's fault, never the server's."""
    form = {"component": "one", "key": "one.taxi", "locale": "es", "forms": "x", "seen": "[]"}
    answer = sign_in("translator").post(f"{DESK}save/", {**form, **wrong}, headers=FETCH)
    assert status == answer.status_code


def test_without_a_script_a_line_saves_and_comes_back(stocked: Do, sign_in: SignIn) -> None:
    """The plain form leads back to the desk; a refusal shows in its line."""
    client = sign_in("translator")
    form = {"component": "one", "key": "one.taxi", "locale": "es-419", "seen": "[]"}
    done = client.post(f"{DESK}save/", {**form, "forms": "Pagar el taxi"})
    assert (302, True) == (done.status_code, "locale=es-419" in done.headers["Location"])
    refused = client.post(f"{DESK}save/", {**form, "forms": "Pagar taxi"})
    assert "Somebody changed this text meanwhile" in refused.content.decode()
