"""How far a token reaches: whose people it may ask about, and of whom its streams hear."""

from __future__ import annotations

from flags.delivery.http import Refusal
from flags.engine.context import Context
from flags.engine.signals import find_residence, raw_residence
from flags.publishing.snapshot import Token


def check_person(token: Token, context: Context) -> None:
    """Refuse a person from elsewhere; a token without territories reaches everybody.

    A person's territory is the account's, else the location's (docs/decisions.md 12). Nobody
    knows where the rest are, so they are refused too.
    """
    if not token.territories:
        return
    residence = find_residence(raw_residence(context))
    if residence.code in token.territories:
        return
    if residence.code is None:
        why = "the context names no account or location whose country is known"
    else:
        why = f"this person's {residence.signal} is in {residence.code}"
    raise Refusal(403, f"This token is for people in {name_all(token)} only; {why}.")


def limit_territories(token: Token, asked: frozenset[str]) -> frozenset[str]:
    """Return of which territories a stream hears: those asked for, else all of its token's."""
    own = frozenset(token.territories)
    if not own:
        return asked
    others = sorted(asked - own)
    if others:
        raise Refusal(
            403,
            f"This token hears of {name_all(token)} only, not of {', '.join(others)[:100]}.",
        )
    return asked or own


def name_all(token: Token) -> str:
    """Return a token's territories for a sentence."""
    return ", ".join(token.territories)
