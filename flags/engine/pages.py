"""PURE: plans -> bytes: fragments of outcomes, pages of plans, and the ETag of what is joined.

What a class has for sure is rendered and joined once. What hashes decide is laid out so
that a request computes its hashes in one sweep and picks fragments.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from flags.engine.bucketing import ROLLOUT_SEED, ROLLOUT_SIZE, digest, find_identity
from flags.engine.compiled import RENDERERS_MAX, Plan, Whole
from flags.engine.context import Context
from flags.engine.outcomes import Fragment, Open, Outcome
from flags.engine.result import Evaluation
from flags.engine.tables import FRAGMENT_BYTES, PLAN_BYTES, POINTER_BYTES, Table

_DIGEST_BYTES = 16
_PAIR = 2
_LEFT_OUT = Fragment(b"", 0)
_body = itemgetter(0)
_digest = itemgetter(1)
_ETAG_MODULUS = 1 << 8 * _DIGEST_BYTES


class Renderer(Protocol):
    """Turns evaluations into bytes; renderers of one name are interchangeable."""

    name: str

    def render(self, evaluation: Evaluation) -> bytes:
        """Return the evaluation's bytes, none when it is left out."""
        ...


class Answer(NamedTuple):
    """All features of a person, rendered.

    Each fragment is one or more rendered evaluations, joined with commas; the body of a
    list is `b",".join(fragments)`. `etag` is quoted, and is the sum of the digests of all
    evaluations: the same ones have the same ETag in whatever order and groups they are
    joined, so a rule that changes nothing for a person leaves their ETag alone.
    """

    etag: str
    fragments: list[bytes]


class Sweep(NamedTuple):
    """Open features that hash the same identity, laid out for one pass.

    Shares are (prefix, percent, fragment within, fragment beyond); wheels are (prefix,
    seed, size, bounds, fragments). `opens` are both, in this order.
    """

    stickiness: str
    shares: tuple[tuple[bytes, int, Fragment, Fragment], ...]
    wheels: tuple[tuple[bytes, int, int, tuple[int, ...], tuple[Fragment, ...]], ...]
    opens: tuple[Open, ...]


class Page(NamedTuple):
    """A plan as one renderer shows it: settled features joined with commas, open ones apart."""

    body: bytes
    digest: int
    sweeps: tuple[Sweep, ...]
    rest: tuple[Open, ...]


class WholePage(NamedTuple):
    """The pages of a whole's plans together."""

    fragments: list[bytes]
    digest: int
    sweeps: tuple[Sweep, ...]
    rest: tuple[Open, ...]
    settled: Answer | None


def render_whole(whole: Whole, context: Context, renderer: Renderer) -> Answer:
    """Return the answer of a person of this class; what is rendered anew is counted."""
    page: WholePage = whole.pages.get(renderer.name) or _make_whole_page(whole, renderer)
    if page.settled is not None:
        return page.settled
    picked: list[Fragment] = []
    for sweep in page.sweeps:
        picked += _pick(sweep, context, renderer, whole.table)
    for one in page.rest:
        picked.append(_fragment(one.settle(context), renderer, whole.table))
    bodies = page.fragments.copy()
    total = page.digest
    for body, digested in picked:
        if body:
            bodies.append(body)
            total += digested
    return Answer(_etag(total), bodies)


def _pick(
    sweep: Sweep, context: Context, renderer: Renderer, table: Table[Any, Any]
) -> list[Fragment]:
    """Hash an identity for every open feature of a sweep."""
    try:
        identity = find_identity(context, sweep.stickiness).encode()  # type: ignore[union-attr]
    except Exception:  # noqa: BLE001  # an answer always comes back
        # Nobody to recognise, or no text in UTF-8: each feature says what becomes of that.
        return [_fragment(one.settle(context), renderer, table) for one in sweep.opens]
    picked = [
        within if digest(prefix + identity) % ROLLOUT_SIZE < percent else beyond
        for prefix, percent, within, beyond in sweep.shares
    ]
    if sweep.wheels:
        picked += [
            fragments[bisect_right(bounds, digest(prefix + identity, seed) % size)]
            for prefix, seed, size, bounds, fragments in sweep.wheels
        ]
    return picked


def _make_whole_page(whole: Whole, renderer: Renderer) -> WholePage:
    name = renderer.name
    pages: list[Page] = [plan.pages.get(name) or _make_page(plan, renderer) for plan in whole.plans]
    summed = sum([page.digest for page in pages])
    fragments = [page.body for page in pages if page.body]
    sweeps = _join_sweeps(pages)
    rest = tuple([one for page in pages for one in page.rest])
    settled = None if sweeps or rest else Answer(_etag(summed), fragments)
    made = WholePage(fragments, summed, sweeps, rest, settled)
    _bound(whole.pages)
    whole.pages[name] = made
    whole.table.spend(
        PLAN_BYTES + POINTER_BYTES * (len(fragments) + sum(map(_weigh_sweep, sweeps)))
    )
    return made


def _join_sweeps(pages: list[Page]) -> tuple[Sweep, ...]:
    """Put the sweeps over the same identity together."""
    by_stickiness: dict[str, list[Sweep]] = {}
    for page in pages:
        for sweep in page.sweeps:
            by_stickiness.setdefault(sweep.stickiness, []).append(sweep)
    return tuple(
        Sweep(
            stickiness,
            tuple([share for sweep in sweeps for share in sweep.shares]),
            tuple([wheel for sweep in sweeps for wheel in sweep.wheels]),
            (
                *[one for sweep in sweeps for one in sweep.opens[: len(sweep.shares)]],
                *[one for sweep in sweeps for one in sweep.opens[len(sweep.shares) :]],
            ),
        )
        for stickiness, sweeps in by_stickiness.items()
    )


def _make_page(plan: Plan, renderer: Renderer) -> Page:
    """Render a plan's settled features and join them; lay out the open ones."""
    settled: list[Fragment] = []
    rest: list[Open] = []
    drawn: dict[str, list[Open]] = {}
    for one in plan.decisions:
        if isinstance(one, Outcome):
            fragment = _fragment(one, renderer, plan.table)
            if fragment.body:
                settled.append(fragment)
        elif one.draw is None:
            rest.append(one)
        else:
            drawn.setdefault(one.draw.stickiness, []).append(one)
    page = Page(
        body=b",".join(map(_body, settled)),
        digest=sum(map(_digest, settled)),
        sweeps=tuple(_lay_out(name, opens, renderer, plan.table) for name, opens in drawn.items()),
        rest=tuple(rest),
    )
    _bound(plan.pages)
    plan.pages[renderer.name] = page
    plan.table.spend(
        PLAN_BYTES + len(page.body) + POINTER_BYTES * sum(map(_weigh_sweep, page.sweeps))
    )
    return page


def _weigh_sweep(sweep: Sweep) -> int:
    """Count pointers, those to the open features included."""
    return 20 + 2 * len(sweep.opens)


def _lay_out(
    stickiness: str, opens: list[Open], renderer: Renderer, table: Table[Any, Any]
) -> Sweep:
    shares, wheels = [], []
    first, second = [], []
    for one in opens:
        draw = one.draw
        if draw is None:
            continue
        fragments = tuple([_fragment(prize, renderer, table) for prize in draw.prizes])
        kin = one.last.kin
        if draw.seed == ROLLOUT_SEED and draw.size == ROLLOUT_SIZE and len(fragments) == _PAIR:
            share = (draw.prefix, draw.bounds[0], *fragments)
            shares.append(kin.setdefault(share, share))
            first.append(one)
        else:
            wheel = (draw.prefix, draw.seed, draw.size, draw.bounds, fragments)
            wheels.append(kin.setdefault(wheel, wheel))
            second.append(one)
    return Sweep(stickiness, tuple(shares), tuple(wheels), (*first, *second))


def _fragment(outcome: Outcome, renderer: Renderer, table: Table[Any, Any]) -> Fragment:
    return outcome.fragments.get(renderer.name) or _render(outcome, renderer, table)


def _render(outcome: Outcome, renderer: Renderer, table: Table[Any, Any]) -> Fragment:
    body = renderer.render(outcome.evaluation)
    fragment: Fragment | None = outcome.kin.get(body) if body else _LEFT_OUT
    if fragment is None:
        strong = blake2b(body, digest_size=_DIGEST_BYTES).digest()
        fragment = Fragment(body, int.from_bytes(strong, "big"))
        outcome.kin[body] = fragment
        table.spend(FRAGMENT_BYTES + len(body))
    _bound(outcome.fragments)
    outcome.fragments[renderer.name] = fragment
    return fragment


def _bound(pages: dict[str, Any]) -> None:
    """Forget the renderer that came first when there are too many."""
    if len(pages) >= RENDERERS_MAX:
        pages.pop(next(iter(pages)), None)


def _etag(total: int) -> str:
    return f'"{total % _ETAG_MODULUS:0{2 * _DIGEST_BYTES}x}"'
