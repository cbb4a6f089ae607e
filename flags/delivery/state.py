"""What this node serves, and the only place where it changes.

Polling threads (`pollers`) hand in prepared parts; the loop builds a scope from them in
small steps and swaps it in with one assignment. A request only looks things up here. The
order (epoch, revision) of a part never goes back, and a part that cannot be served leaves
the one before it where it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from flags.delivery.history import History
from flags.delivery.live import NO_HEAD, Live, Steps, build_live, drive, lower_again
from flags.delivery.metrics import Counters
from flags.delivery.prepared import Prepared, PreparedAccess, PreparedContent, PreparedKills
from flags.engine.evaluate import last_flip
from flags.publishing.snapshot import Access, Content, Kills, Token
from flags.publishing.store import Head, PartKey, StoredPart
from regions.governance.policy import CANARY

EVERY_APP = "*"
ScopeKey = tuple[str, str]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """A token with the environment that it belongs to."""

    environment: str
    token: Token


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything that one kind of token may see: no app, one, or all of an environment.

    `bodies` keeps definitions rendered from it; it is bounded by who fills it and dies with the
    view. Its `history` goes on in the view that takes its place. The `mark` is its own: who
    holds it knows whether this view is still served, and keeps nothing of it alive.
    """

    environment: str
    lives: tuple[Live, ...]
    revision: int
    bodies: dict[object, tuple[bytes, bytes]] = field(default_factory=dict, repr=False)
    history: History = field(default_factory=History, repr=False)
    mark: object = field(default_factory=object, repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """Answers of a scope may be others now; no territories concern everybody.

    `flipped_at` is the last instant at which time itself changed an answer.
    """

    environment: str
    app: str
    epoch: int
    revision: int
    territories: tuple[str, ...] = ()
    spread_seconds: float = 0.0
    flipped_at: datetime | None = None


class State:
    """Live scopes, tokens and texts of this node; read by anybody, written by the loop.

    Tokens with a `barred` digest are never taken, whatever is published.
    """

    def __init__(
        self, *, counters: Counters | None = None, barred: frozenset[str] = frozenset()
    ) -> None:
        self.counters = counters or Counters()
        self.barred = barred
        self.live: dict[ScopeKey, Live] = {}
        self.views: dict[ScopeKey, View] = {}
        self.access: dict[str, PreparedAccess] = {}
        self.tokens: dict[str, Known] = {}
        self.channels: dict[str, Known] = {}
        self.blobs: dict[str, bytes] = {}
        self.parts: dict[PartKey, StoredPart] = {}
        self.published: dict[PartKey, Head] = {}
        self.refused: dict[PartKey, str] = {}
        self.on_change: list[Callable[[Change], None]] = []
        self.on_access: list[Callable[[], None]] = []
        self.on_live: list[Callable[[Live], None]] = []
        # Steps that make a view ready before anybody sees it.
        self.before_view: list[Callable[[View, str], Steps[None]]] = []
        self.heard_at: float | None = None
        self.started_at = time.monotonic()
        self._kills: dict[ScopeKey, PreparedKills] = {}
        self._coming: dict[ScopeKey, View] = {}
        self._activating = asyncio.Lock()
        self._was_ready = False
        self.counters.gauge("age_seconds", lambda: {(): round(self.age_seconds(), 3)})
        self.counters.gauge("revision", self._revisions)
        self.counters.gauge("cpu_seconds", lambda: {(): round(time.process_time(), 3)})

    # Reading: plain look-ups, called for every request.

    def current(self, app: str, environment: str) -> Live | None:
        """Return what is served for a scope, or None before anything arrived."""
        return self.live.get((environment, app))

    def view(self, app: str, environment: str) -> View | None:
        """Return what a token of this app (`*` for all) may see, None when not there yet."""
        return self.views.get((environment, app))

    def age_seconds(self) -> float:
        """Return how long no source has answered, also before this process began."""
        return time.monotonic() - (self.started_at if self.heard_at is None else self.heard_at)

    def is_ready(self) -> bool:
        """Tell whether everything that is published can be answered for.

        Once that was so it stays so: what one node cannot serve, no other node can, and a
        balancer that took them all away would only make it worse.
        """
        lacks_none = self.parts.keys() >= self.published.keys()
        self._was_ready |= bool(self.access and self.live and lacks_none)
        return self._was_ready

    def lacks_access(self) -> bool:
        """Tell whether newer tokens are published than this node has."""
        return any(
            head.is_newer_than(self.parts[key].head if key in self.parts else None)
            for key, head in self.published.items()
            if key.part == "access"
        )

    def wants(self, key: PartKey, head: Head) -> bool:
        """Tell whether a part is newer than what is served and was not refused before."""
        if self.refused.get(key) == head.digest:
            return False
        have = self.parts.get(key)
        return head.is_newer_than(have.head if have else None)

    # Writing: on the loop only.

    def grow_older(self, seconds: float) -> None:
        """Note that nobody had been heard for so long when this process began."""
        self.started_at -= seconds

    def hear(self, heads: dict[PartKey, Head]) -> None:
        """Note that a source answered, and how new it says that the parts are."""
        self.heard_at = time.monotonic()
        for key, head in heads.items():
            if head.is_newer_than(self.published.get(key)):
                self.published[key] = head

    def refuse(self, part: StoredPart, why: str, *, passing: bool = False) -> None:
        """Record a part that is not served; `passing` lets the same bytes come again."""
        key, head = part.key, part.head
        if not passing:
            self.refused[key] = head.digest
        self.counters.count("refused_parts", part=key.part, environment=key.environment)
        _log.error(
            "part.refused",
            environment=key.environment,
            app=key.app,
            part=key.part,
            revision=head.revision,
            why=why,
        )

    async def activate(self, prepared: Iterable[Prepared]) -> list[StoredPart]:
        """Serve the parts that are newer and can be served; return those that are."""
        async with self._activating:
            arrived = [item for item in prepared if self.wants(item.part.key, item.part.head)]
            activated: list[StoredPart] = []
            for item in arrived:
                if isinstance(item, PreparedAccess):
                    self._swap_access(item)
                    activated.append(item.part)
            scopes = {
                (item.part.key.environment, item.part.key.app)
                for item in arrived
                if not isinstance(item, PreparedAccess)
            }
            for scope in sorted(scopes):
                activated += await self._activate_scope(scope, arrived)
            self._index()
            return activated

    def _swap_access(self, access: PreparedAccess) -> None:
        """Take over the tokens of an environment."""
        environment = access.part.key.environment
        self.access[environment] = access
        self.parts[access.part.key] = access.part
        self._index()
        self.counters.count("activations", part="access", environment=environment)
        for tell in self.on_access:
            tell()

    async def _activate_scope(self, scope: ScopeKey, arrived: list[Prepared]) -> list[StoredPart]:
        """Build and swap one scope; a kill never waits for content that is broken."""
        contents = [item for item in arrived if isinstance(item, PreparedContent)]
        switches = [item for item in arrived if isinstance(item, PreparedKills)]
        content = next((item for item in contents if scope_of(item.part.key) == scope), None)
        kills = next((item for item in switches if scope_of(item.part.key) == scope), None)
        if scope not in self.live:
            # Both were refused because of one: what is new may go well with the other.
            for part in ("content", "kills"):
                self.refused.pop(PartKey(*scope, part), None)
        if kills is not None and content is None and scope not in self.live:
            self._kills[scope] = kills
            self.parts[kills.part.key] = kills.part
            return [kills.part]
        attempts = [(content, kills)]
        if content is not None and kills is not None:
            attempts += [(None, kills), (content, None)]
        for new_content, new_kills in attempts:
            built = await self._build(scope, new_content, new_kills)
            if built is not None:
                self._swap(scope, built, new_content, new_kills)
                return [item.part for item in (new_content, new_kills) if item is not None]
        return []

    async def _build(
        self, scope: ScopeKey, content: PreparedContent | None, kills: PreparedKills | None
    ) -> Live | None:
        """Build a scope from new parts over the last good others; None when it fails."""
        previous = self.live.get(scope)
        known_kills = kills or self._kills.get(scope)
        if content is None and previous is None:
            return None
        if known_kills is None and PartKey(*scope, "kills") in self.published:
            return None  # Never serve features whose kill switches are known to exist unseen.
        value, head, blobs = _content_of(content, previous)
        started = time.perf_counter()
        try:
            live = await drive(
                build_live(
                    value,
                    known_kills.value if known_kills else Kills(),
                    content_head=head,
                    kills_head=known_kills.part.head if known_kills else NO_HEAD,
                    blobs=blobs,
                    previous=previous,
                    now=datetime.now(UTC),
                )
            )
            built = time.perf_counter()
            await drive(self._make_views(live))
        except Exception as error:  # noqa: BLE001 whatever a part does to the compiler, the old one stays
            for item in (content, kills):
                if item is not None:
                    self.refuse(item.part, f"{type(error).__name__}: {error}")
            return None
        _log.info(
            "scope.activated",
            environment=scope[0],
            app=scope[1],
            revision=live.revision,
            build_ms=round(1000 * (built - started), 1),
            views_ms=round(1000 * (time.perf_counter() - built), 1),
        )
        return live

    def _swap(
        self,
        scope: ScopeKey,
        live: Live,
        content: PreparedContent | None,
        kills: PreparedKills | None,
    ) -> None:
        """Serve the new scope from here on, then tell who listens."""
        self.live[scope] = live
        if kills is not None:
            self._kills[scope] = kills
        for item in (content, kills):
            if item is not None:
                key = item.part.key
                self.parts[key] = item.part
                self.refused.pop(key, None)
                self.counters.count("activations", part=key.part, environment=key.environment)
        self._index()
        for tell_live in self.on_live:
            tell_live(live)
        change = Change(
            environment=live.environment,
            app=live.app,
            epoch=live.epoch,
            revision=live.revision,
            territories=live.concerned,
            flipped_at=last_flip(live.snapshot, datetime.now(UTC)),
        )
        for tell in self.on_change:
            tell(change)

    async def lower_again(self, live: Live) -> None:
        """Renew what backend SDKs get, once dated rules have passed that it was made for."""
        async with self._activating:
            if self.current(live.app, live.environment) is live:
                renewed = await drive(lower_again(live, now=datetime.now(UTC)))
                await drive(self._make_views(renewed))
                self.live[live.environment, live.app] = renewed
                self._index()
                for tell_live in self.on_live:
                    tell_live(renewed)

    def _make_views(self, live: Live) -> Steps[None]:
        """Make the views that a scope will be seen in, so that the swap finds them ready."""
        lives = {**self.live, (live.environment, live.app): live}
        access = self.access.get(live.environment)
        self._coming = {}
        if access is None:
            return
        for app in (live.app, EVERY_APP):
            view = self._build_view(live.environment, app, access.value, lives)
            if view is not None:
                for prepare in self.before_view:
                    yield from prepare(view, app)
                self._coming[live.environment, app] = view

    def _index(self) -> None:
        """Rebuild the look-ups that requests use."""
        tokens: dict[str, Known] = {}
        channels: dict[str, Known] = {}
        views: dict[ScopeKey, View] = {}
        for environment, access in self.access.items():
            for digest, token in access.tokens.items():
                if digest not in self.barred:
                    known = Known(environment, token)
                    old = self.tokens.get(digest, known)
                    tokens[digest] = old if old == known else known  # `recall` goes by it
            for channel, token in access.channels.items():
                if token.digest not in self.barred:
                    channels[channel] = tokens[token.digest]
            for app in (EVERY_APP, *{token.app for token in access.value.tokens} - {EVERY_APP}):
                view = self._build_view(environment, app, access.value, self.live)
                if view is not None:
                    views[environment, app] = view
        self.tokens, self.channels, self.views = tokens, channels, views
        self._coming = {}
        self.blobs = {
            sha256: body for live in self.live.values() for sha256, body in live.blobs.items()
        }

    def _build_view(
        self, environment: str, app: str, access: Access, served: Mapping[ScopeKey, Live]
    ) -> View | None:
        """Gather the scopes of a token; None when one that was published is not there yet.

        A token of every app does not see the canary, which nobody's work depends on.
        An app that has never been published is left out: its token gets an empty answer,
        and nobody else has to wait for it. A part of what should be there is never served.
        """
        every = set(access.apps) - {CANARY}
        wanted = every if app == EVERY_APP else {app} & set(access.apps)
        lives = []
        for name in sorted(wanted):
            live = served.get((environment, name))
            if live is not None:
                lives.append(live)
            elif PartKey(environment, name, "content") in self.published:
                return None
        found = tuple(lives)
        history = History()
        for known in (self._coming, self.views):
            old = known.get((environment, app))
            if old is not None and old.lives == found:
                return old
            history = old.history if old is not None else history
        revision = max((live.revision for live in found), default=0)
        return View(environment, found, revision, history=history)

    def _revisions(self) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the revision of every scope for the metrics."""
        return {
            (("environment", environment), ("app", app)): live.revision
            for (environment, app), live in self.live.items()
        }


def scope_of(key: PartKey) -> ScopeKey:
    """Return the scope that a part belongs to."""
    return key.environment, key.app


def _content_of(
    content: PreparedContent | None, previous: Live | None
) -> tuple[Content, Head, dict[str, bytes]]:
    """Return the content to build from: the new one, else the one that is served."""
    if content is not None:
        return content.value, content.part.head, content.blobs
    if previous is None:
        raise LookupError("There is no content to build from.")
    return previous.content, previous.content_head, previous.own_blobs
