"""The launch board: what it shows, and what its side panel's forms do."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flags.admin import published
from flags.models import KillSwitch, Offer, PublishRefusal
from flags.operations.offers import SetOffer
from flags.operations.orders import SetLegalOrder
from flags.publishing.nodes import Receipt
from regions.governance.models import AuditEntry, Environment, Outbox
from regions.operations import AddTerritory, SetApp
from tests.unit.admin.conftest import SignIn, stock
from tests.unit.world import Do

BOARD = "/admin/board/"
SCOPE: dict[str, Any] = {"app": "shop", "environment": "production"}
CELL = {**SCOPE, "cell": "SG:pay"}
LIVE = {
    "offer-status": "live",
    "offer-reason": "licences in place",
    "offer-owner": "pay-team",
}
KILL = {
    "kill-reason": "it crashes",
    "kill-owner": "on-call",
    "kill-expires_at": "2099-01-01T12:00",
}
FETCH = {"X-Requested-With": "fetch"}


def save(client: Client, **fields: str) -> tuple[int, str]:
    """Send the panel's form as the board's script does."""
    answer = client.post(f"{BOARD}cell/", {**CELL, **LIVE, **fields}, headers=FETCH)
    return answer.status_code, answer.content.decode()


def test_the_board_costs_the_same_however_much_there_is(stocked: Do, sign_in: SignIn) -> None:
    """Board, grid and panel make as many queries with three of everything as with one."""
    client = sign_in("pm")

    def count() -> dict[str, int]:
        counts = {}
        for name, more in {
            "board": {},
            "grid": {"part": "grid"},
            "panel": {"cell": "SG:pay"},
        }.items():
            with CaptureQueriesContext(connection) as queries:
                assert 200 == client.get(BOARD, {**SCOPE, **more}).status_code
            counts[name] = len(queries)
        return counts

    before = count()
    stock(stocked, "two")
    stock(stocked, "three")
    assert before == count()


def test_a_cell_says_its_status_in_words_and_in_shape(world: Do, sign_in: SignIn) -> None:
    """Colour is never alone: there is a drawing, a word, and a sentence for who cannot see."""
    text = sign_in("guest").get(BOARD, SCOPE).content.decode()
    assert 'aria-label="Singapore, Pay: Not offered"' in text
    assert "shapes.svg#not-offered" in text
    assert '<span class="lf-cell-word">Off</span>' in text


def test_a_country_is_found_by_name_and_by_every_code(world: Do, sign_in: SignIn) -> None:
    """Who types what the phone or the spreadsheet says finds the row."""
    text = sign_in("guest").get(BOARD, SCOPE).content.decode()
    assert 'data-words="singapore singapore sg sgp"' in text


def test_a_long_name_is_short_in_the_column_and_whole_on_hover(world: Do, sign_in: SignIn) -> None:
    """Hong Kong is read at a glance."""
    world(AddTerritory(code="HK"))
    world(SetApp(key="shop", name="Shop", platforms=("ios", "android"), territories=("HK", "SG")))
    text = sign_in("guest").get(BOARD, SCOPE).content.decode()
    assert 'title="Hong Kong SAR China">Hong Kong</span>' in text


def test_a_bundle_whose_features_differ_is_partly_live(world: Do, sign_in: SignIn) -> None:
    """The status is computed, never typed."""
    offer: dict[str, Any] = {"status": "live", "reason": "licensed", "owner": "pay-team"}
    world(SetOffer(**SCOPE, feature="pay.card", territory="SG", **offer))
    text = sign_in("guest").get(BOARD, SCOPE).content.decode()
    assert "Singapore, Pay: Partly live, 1 of 2 features live" in text


def test_saving_gives_one_command(world: Do, sign_in: SignIn) -> None:
    """The offer is there, in the audit under the person's name, and the page follows it."""
    status, text = save(sign_in("pm"))
    row = Offer.objects.get()
    assert (200, "live", "SG", "pay") == (
        status,
        row.status,
        row.territory_id,
        row.bundle.key if row.bundle else "",
    )
    entry = AuditEntry.objects.get(object_key="pay@SG")
    assert ("pm", "SetOffer", "created") == (entry.actor_name, entry.command, entry.action)
    assert "Singapore × Pay: Live." in text
    assert f'data-published="production:{entry.change_seq}"' in text


def test_saving_again_changes_the_same_offer_and_shows_its_history(
    world: Do, sign_in: SignIn
) -> None:
    """The second save shows before and after."""
    client = sign_in("pm")
    save(client)
    text = save(client, **{"offer-status": "withdrawn", "offer-reason": "licence lost"})[1]
    assert "withdrawn" == Offer.objects.get().status
    assert "<del>live</del>" in text
    assert "<ins>withdrawn</ins>" in text


@pytest.mark.parametrize(
    ("cell", "there", "absent"),
    [
        (
            "IT:pay",
            {"pay@market:EEA", "pay.card@*", "eea-order", "ban"},
            {"sg-order", "pay@SG"},
        ),
        (
            "SG:pay",
            {"pay@SG", "pay.card@*", "sg-order", "ban"},
            {"eea-order", "pay@market:EEA"},
        ),
    ],
)
def test_the_history_tells_of_all_that_decides_the_cell(
    world: Do, sign_in: SignIn, cell: str, there: set[str], absent: set[str]
) -> None:
    """Offers and orders of the country, of its market and of everywhere; none of elsewhere."""
    why: dict[str, Any] = {"reason": "because", "owner": "pay-team"}
    for offer in (
        SetOffer(**SCOPE, **why, bundle="pay", market="EEA", status="live"),
        SetOffer(**SCOPE, **why, feature="pay.card", status="planned"),
        SetOffer(**SCOPE, **why, bundle="pay", territory="SG", status="live"),
    ):
        world(offer)
    for order in (
        SetLegalOrder(**why, app="shop", key="eea-order", features=("pay.card",), market="EEA"),
        SetLegalOrder(**why, app="shop", key="sg-order", bundles=("pay",), territory="SG"),
        SetLegalOrder(**why, app="shop", key="ban", everything=True),
    ):
        world(order)
    text = sign_in("guest").get(f"{BOARD}cell/", {**SCOPE, "cell": cell}).content.decode()
    history = set(
        re.findall(r'<a class="lf-key"[^>]*>([^<]+)</a>', text[text.index("lf-history") :])
    )
    assert there <= history
    assert not absent & history


@pytest.mark.parametrize("wrong", [{"environment": "stagin"}, {"environment": ""}, {"app": "shoq"}])
def test_a_change_never_falls_to_a_default_scope(
    stocked: Do, sign_in: SignIn, wrong: dict[str, str]
) -> None:
    """An environment or app that does not exist is not production or the first app."""
    assert 404 == save(sign_in("pm"), **wrong)[0]
    assert not AuditEntry.objects.filter(object_key="pay@SG").exists()


def test_saving_what_is_so_already_says_that_nothing_changed(world: Do, sign_in: SignIn) -> None:
    """No second audit entry, and no waiting for a publish that never comes."""
    client = sign_in("pm")
    save(client)
    text = save(client)[1]
    assert "nothing changed" in text
    assert 1 == AuditEntry.objects.filter(object_key="pay@SG").count()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"offer-reason": ""}, "This field is required."),
        ({"offer-rollout": "101"}, "less than or equal to 100"),
        (
            {"offer-starts_date": "2027-02-01", "offer-ends_date": "2027-01-01"},
            "lf-field-wrong",
        ),
        ({"offer-status": "mostly-live"}, "Select a valid choice"),
    ],
)
def test_what_is_refused_keeps_what_was_typed(
    world: Do, sign_in: SignIn, fields: dict[str, str], told: str
) -> None:
    """Nothing is stored, the words stand beside the field, the source is still typed in."""
    status, text = save(sign_in("pm"), **{"offer-source": "typed with care", **fields})
    assert (422, 0) == (status, Offer.objects.count())
    assert told in text
    assert 'value="typed with care"' in text


def test_an_overlap_is_told_beside_the_date(world: Do, sign_in: SignIn) -> None:
    """The one door's own refusal reaches the field it names."""
    client = sign_in("pm")
    save(client, **{"offer-ends_date": "2027-01-01"})
    later: dict[str, Any] = {"status": "live", "reason": "later", "owner": "pay-team"}
    world(SetOffer(**SCOPE, **later, bundle="pay", territory="SG", starts_date=date(2027, 1, 1)))
    status, text = save(client)
    assert 422 == status
    wrong = text[text.index("lf-field-wrong") :]
    assert wrong.index("starts_date") < wrong.index("overlaps")


def seen_of(text: str) -> str:
    """Return what the panel's form says its person saw."""
    found = re.search(r'name="offer-seen" value="([0-9a-f]{64})"', text)
    assert found, text
    return found[1]


def test_the_second_person_is_told_before_they_overwrite(world: Do, sign_in: SignIn) -> None:
    """Whoever saves an old panel hears who changed what, keeps their words, and may insist."""
    first, second = sign_in("pm"), sign_in("admin")
    old = seen_of(first.get(f"{BOARD}cell/", CELL).content.decode())
    assert 200 == save(second, **{"offer-seen": old})[0]
    mine = {"offer-status": "withdrawn", "offer-reason": "typed with care"}
    incomplete = save(first, **mine, **{"offer-seen": old, "offer-owner": ""})
    assert (422, old) == (incomplete[0], seen_of(incomplete[1]))
    status, text = save(first, **mine, **{"offer-seen": old})
    assert (422, "live") == (status, Offer.objects.get().status)
    assert "was changed by admin meanwhile: it is live now (licences in place)" in text
    assert "typed with care</textarea>" in text
    assert 200 == save(first, **mine, **{"offer-seen": seen_of(text)})[0]
    assert "withdrawn" == Offer.objects.get().status


def test_another_status_asks_for_another_reason(world: Do, sign_in: SignIn) -> None:
    """The old reason is refused beside its field, and the chosen status stays chosen."""
    client = sign_in("pm")
    save(client)
    status, text = save(client, **{"offer-status": "planned"})
    assert (422, "live") == (status, Offer.objects.get().status)
    assert "Why is it Planned now? The reason still speaks of Live." in text
    assert 'value="planned" checked' in text
    assert "licences in place</textarea>" in text
    assert 200 == save(client, **{"offer-owner": "another-team"})[0]


def test_the_first_day_moves_in_the_panel(world: Do, sign_in: SignIn) -> None:
    """Another first day changes the offer that is there instead of adding one."""
    client = sign_in("pm")
    save(client, **{"offer-starts_date": "2097-01-01"})
    assert 200 == save(client, **{"offer-starts_date": "2097-03-01"})[0]
    assert date(2097, 3, 1) == Offer.objects.get().starts_date


def test_without_a_script_the_whole_page_comes_back(world: Do, sign_in: SignIn) -> None:
    """The panel's form is a plain form too."""
    answer = sign_in("pm").post(f"{BOARD}cell/", {**CELL, **LIVE})
    text = answer.content.decode()
    assert "<html" in text
    assert "Singapore × Pay: Live." in text


def test_who_may_not_write_sees_no_form_and_cannot_send_one(world: Do, sign_in: SignIn) -> None:
    """A guest's panel is read-only, and the one door refuses what is sent all the same."""
    guest = sign_in("guest")
    text = guest.get(f"{BOARD}cell/", CELL).content.decode()
    assert "Singapore × Pay" in text
    assert "<form" not in text
    status, _text = save(guest)
    assert (422, 0) == (status, Offer.objects.count())


def test_an_approver_may_pull_but_not_offer(world: Do, sign_in: SignIn) -> None:
    """Each form is drawn by its own permission."""
    text = sign_in("approver").get(f"{BOARD}cell/", CELL).content.decode()
    assert "kill-reason" in text
    assert "offer-reason" not in text


def test_the_kill_button_says_what_it_will_do(world: Do, sign_in: SignIn) -> None:
    """How many features, where; then it does just that."""
    client = sign_in("pm")
    text = client.get(f"{BOARD}cell/", CELL).content.decode()
    assert "Turn off 2 features in Singapore now" in text
    answer = client.post(f"{BOARD}kill/", {**CELL, **KILL}, headers=FETCH)
    row = KillSwitch.objects.get()
    assert (200, "SG") == (answer.status_code, row.territory_id)
    assert "Kill switch pulled" in answer.content.decode()
    assert "Singapore, Pay: Killed" in client.get(BOARD, SCOPE).content.decode()


def test_a_kill_of_one_feature_marks_the_cell(world: Do, sign_in: SignIn) -> None:
    """The rest of the bundle stays what it is, and the mark shows."""
    client = sign_in("pm")
    save(client)
    client.post(f"{BOARD}kill/", {**CELL, **KILL, "kill-feature": "pay.card"}, headers=FETCH)
    text = client.get(BOARD, SCOPE).content.decode()
    assert "Partly live, 1 of 2 features live, a kill switch touches 1 feature" in text


def test_a_cell_has_an_address_of_its_own(world: Do, sign_in: SignIn) -> None:
    """A link opens the board with the panel open."""
    text = sign_in("pm").get(BOARD, CELL).content.decode()
    assert 'data-panel="SG:pay"' in text


@pytest.mark.parametrize("cell", ["XX:pay", "SG:none", "SG", ":", "<script>"])
def test_an_unknown_cell_breaks_nothing(world: Do, sign_in: SignIn, cell: str) -> None:
    """The board comes without a panel; the panel alone is not found."""
    client = sign_in("pm")
    page = client.get(BOARD, {**SCOPE, "cell": cell})
    assert (200, False) == (page.status_code, "data-panel=" in page.content.decode())
    assert 404 == client.get(f"{BOARD}cell/", {**SCOPE, "cell": cell}).status_code


def test_an_overdue_review_is_told(world: Do, sign_in: SignIn) -> None:
    """The cell says so, and so does the panel."""
    client = sign_in("pm")
    yesterday = (timezone.now() - timedelta(days=2)).date().isoformat()
    text = save(client, **{"offer-review_date": yesterday})[1]
    assert "overdue" in text
    assert "review overdue" in client.get(BOARD, SCOPE).content.decode()


def test_an_installation_without_an_app_says_what_to_do(db: None, sign_in: SignIn) -> None:
    """An empty board is no dead end."""
    assert "load_demo" in sign_in("admin").get(BOARD).content.decode()


def ask(client: Client, changes: str, after: str = "0") -> dict[str, object]:
    """Ask how far a change has come."""
    answer = client.get(f"{BOARD}published/", {"changes": changes, "after": after})
    found: dict[str, object] = json.loads(answer.content)
    return found


def test_a_change_without_a_worker_is_told_as_waiting(world: Do, sign_in: SignIn) -> None:
    """At first it is being published; after a while the page says whom it waits for."""
    client = sign_in("pm")
    save(client)
    seq = Environment.objects.get(key="production").change_seq
    assert "Saved. Publishing…" == ask(client, f"production:{seq}")["text"]
    later = ask(client, f"production:{seq}", after="4")
    assert ("waiting", False) == (later["state"], later["done"])
    assert "no worker" in str(later["text"])


def test_a_kill_is_told_as_published_while_content_waits(
    world: Do, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill switches go ahead; their own outbox row says when they are out."""
    client = sign_in("pm")
    save(client)
    client.post(f"{BOARD}kill/", {**CELL, **KILL}, headers=FETCH)
    environment = Environment.objects.get(key="production")
    asked = f"production:{environment.change_seq}"
    Outbox.objects.filter(change_seq=environment.change_seq).delete()
    monkeypatch.setattr(published, "list_receipts", lambda *_args: [])
    told = ask(client, asked)
    assert ("published", True) == (
        told["state"],
        "No node has reported yet." in str(told["text"]),
    )


def test_a_change_of_every_environment_is_told_in_one_line(
    world: Do, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts and features go everywhere; nobody reads three sentences for that."""
    client = sign_in("pm")
    node = Receipt(node="web", environment="")
    monkeypatch.setattr(published, "list_receipts", lambda *_args: [node])
    Outbox.objects.all().delete()
    told = ask(client, "production:1,staging:1", after="0.42")
    assert ("live", "Live in Production, Staging after 0.4 s.") == (told["state"], told["text"])


def test_a_refused_publish_is_told_with_its_reason(world: Do, sign_in: SignIn) -> None:
    """The change is saved and not live: the page and the board say why."""
    client = sign_in("pm")
    save(client)
    environment = Environment.objects.get(key="production")
    PublishRefusal.objects.create(
        environment=environment,
        change_seq=environment.change_seq,
        scope="shop",
        reason="the promise sg-off is broken",
        at=timezone.now(),
    )
    told = ask(client, f"production:{environment.change_seq}")
    assert ("refused", False) == (told["state"], told["done"])
    assert "Saved, but not published: the promise sg-off is broken. Revision" in str(told["text"])
    assert "the promise sg-off is broken" in client.get(BOARD, SCOPE).content.decode()


def test_a_published_change_without_redis_says_that_nodes_are_unknown(
    world: Do, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revision is told all the same."""
    client = sign_in("pm")
    save(client)
    Environment.objects.filter(key="production").update(published_seq=1, revision=12)

    def refuse(*_args: object) -> list[object]:
        raise ConnectionRefusedError

    monkeypatch.setattr(published, "list_receipts", refuse)
    told = ask(client, "production:1", after="9")
    assert ("published", True) == (told["state"], told["done"])
    assert "Revision 12 is published. Redis does not answer" in str(told["text"])


@pytest.mark.parametrize("changes", ["production:x", "production", "a:1," * 60])
def test_a_senseless_question_is_a_bad_request(world: Do, sign_in: SignIn, changes: str) -> None:
    """Numbers are numbers, and there are not sixty environments."""
    assert 400 == sign_in("pm").get(f"{BOARD}published/", {"changes": changes}).status_code
