"""`manage.py evaluate`: one question, one JSON object; never a traceback."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from flags.demo.load import Loaded
from flags.engine.gates import GATES

TURKEY = {
    "accountCountry": "TR",
    "locationCountry": "TR",
    "platform": "android",
    "osVersion": "14",
}
KEYS = ["feature", "value", "variant", "reason", "rule", "signal", "revision"]


def evaluate(*args: str, **options: Any) -> dict[str, Any]:
    """Ask one question and return the one object that is printed."""
    out = io.StringIO()
    call_command("evaluate", *args, stdout=out, **options)
    (line,) = out.getvalue().splitlines()
    answer: dict[str, Any] = json.loads(line)
    return answer


def test_an_answer_has_these_keys_in_this_order(demo: Loaded) -> None:
    """One object tells feature, value, variant, reason, rule, signal and revision."""
    answer = evaluate("calling.video", context=json.dumps(TURKEY))
    assert KEYS == list(answer)
    assert ("KILLED", "kill-demo-1", False) == (
        answer["reason"],
        answer["rule"]["key"],
        answer["value"],
    )


def test_a_variant_is_named(demo: Loaded) -> None:
    """A variant feature answers with its variant's value and name."""
    person = {**TURKEY, "accountCountry": "DE"}
    answer = evaluate("commerce.withdrawal-notice", context=json.dumps(person))
    assert ("14d", "14d", "VARIANT") == (answer["value"], answer["variant"], answer["reason"])


def test_the_past_can_be_asked_about(demo: Loaded) -> None:
    """`--at` moves the clock for offers and kills alike."""
    answer = evaluate("calling.video", context=json.dumps(TURKEY), at="2026-11-18T12:00:00Z")
    assert "LIVE" == answer["reason"]


def test_an_explanation_lists_every_gate(demo: Loaded) -> None:
    """`--explain` adds each gate in order up to the closed one, and the rest as not reached."""
    steps = evaluate("calling.video", "--explain", context=json.dumps(TURKEY))["steps"]
    assert ["open", "closed", "not reached"] == [step["state"] for step in steps[:3]]


def test_an_explanation_tells_words_dates_and_display(demo: Loaded) -> None:
    """The deciding rule has its dates, and what the person is shown is told."""
    person = {"accountCountry": "BR", "locationCountry": "BR", "platform": "ios"}
    answer = evaluate(
        "wallet.p2p-transfer",
        "--explain",
        context=json.dumps({**person, "osVersion": "18.0", "age": 30}),
        at="2020-07-01T00:00:00Z",
    )
    assert [*KEYS, "textKey", "display", "steps"] == list(answer)
    assert ("wallet.unavailable", "disabled") == (answer["textKey"], answer["display"])
    law = next(step for step in answer["steps"] if step["gate"] == "law")
    expected = ("2020-06-23", "2021-05-04", "America/Sao_Paulo", "wallet-team")
    dates = law["dates"]
    assert expected == (dates["starts"], dates["ends"], law["zone"], law["rule"]["owner"])


def test_an_explanation_can_be_read_by_people(demo: Loaded) -> None:
    """As text there is a line for each gate, and the rule stands under the one that closed."""
    out = io.StringIO()
    call_command(
        "evaluate",
        "calling.video",
        "--explain",
        format="text",
        context=json.dumps(TURKEY),
        stdout=out,
    )
    text = out.getvalue()
    assert text.startswith("calling.video is off: KILLED, value false\n")
    assert "✗ kill       closed KILLED" in text
    assert "rule kill-demo-1: crash on one codec" in text
    assert "since 2026-11-19T10:00:00+00:00" in text
    assert len(GATES) == sum(line[5:6] in tuple("✓✗·") for line in text.splitlines())


def test_an_answer_can_be_read_by_people(demo: Loaded) -> None:
    """Without an explanation the text is the answer and its rule."""
    out = io.StringIO()
    call_command("evaluate", "calling.video", format="text", context=json.dumps(TURKEY), stdout=out)
    first, second = out.getvalue().splitlines()
    assert "calling.video is off: KILLED (TR) by account, value false" == first
    assert second.startswith("  rule kill-demo-1: ")


@pytest.mark.parametrize(
    ("args", "options", "told"),
    [
        (["calling.voice"], {"context": "{"}, "not JSON"),
        (["calling.voice"], {"context": "[]"}, "not a JSON object"),
        (["calling.voice"], {"context": '{"a": "\\u0000"}'}, "NUL"),
        (["calling.voice"], {"context": '{"a": "' + "x" * 2001 + '"}'}, "2000"),
        (["calling.voice"], {"context": "[" * 9999}, "not JSON"),
        (["calling.voice"], {"at": "yesterday"}, "RFC 3339"),
        (["calling.voice"], {"at": "2026-11-20T12:00:00"}, "RFC 3339"),
        (["calling.voice"], {"app": "nope"}, "no app"),
        (["calling.voice"], {"environment": "moon"}, "no environment"),
        ([], {}, "Name one feature"),
        (["calling.voice"], {"stdin": True}, "Name one feature"),
    ],
)
def test_a_question_that_cannot_be_read_is_one_sentence(
    demo: Loaded, args: list[str], options: dict[str, Any], told: str
) -> None:
    """Each ends the command with a sentence that names what is wrong."""
    with pytest.raises(CommandError, match=told):
        evaluate(*args, **options)


def test_bad_lines_are_answered_and_told_by_the_exit_code(
    demo: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line gets a line; those that cannot be read say why, and the command ends with 1."""
    lines = [
        b'{"feature": "messaging.text", "context": {"accountCountry": "US"}}',
        b"nonsense",
        b"",
        b"[]",
        b'{"context": {}}',
        b'{"feature": "messaging.text", "context": []}',
        b'{"feature": "messaging.text", "at": 5}',
        b'{"feature": "messaging.text", "context": {"a": "\\ud800"}}',
        b'{"feature": "\xff\xfe"}',
        b"[" * 9999,
        b'{"feature": "no.such-feature"}',
    ]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines))))
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("evaluate", stdin=True, stdout=out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert 1 == ended.value.code
    assert [False, *[True] * 8, False] == ["error" in answer for answer in answers]
    assert "UNKNOWN_FEATURE" == answers[-1]["reason"]
