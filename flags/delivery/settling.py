"""From answers that were sent to counts by feature, variant, reason and place.

Some times a minute, in slices beside the requests: the same contexts are evaluated again in
the revision that answered them. People of one class are counted together for all that is
settled for the class; only what hashes decide is asked for each of them.
"""

from __future__ import annotations

from flags.delivery.exposure import Exposure, Lump, Taken, Where, find_where
from flags.delivery.live import Live, Steps
from flags.delivery.state import View
from flags.delivery.told import Told
from flags.engine.compiled import Whole
from flags.engine.evaluate import evaluate, find_whole
from flags.engine.outcomes import Open, Outcome
from flags.engine.result import Evaluation
from flags.publishing.exposure import OTHER, UNKNOWN, Seen

SERVER = "server"


class Shown:
    """One app of an answer; features that an app before it has are not its own here."""

    __slots__ = ("before", "live", "platforms")

    def __init__(self, live: Live, before: tuple[Live, ...]) -> None:
        self.live = live
        self.before = before
        self.platforms = list_platforms(live)

    def has(self, feature: str) -> bool:
        """Tell whether the answer took a feature from this app."""
        return not any(feature in one.snapshot.features for one in self.before)


class Settling:
    """Answers of one flush on their way to the lines of an exposure."""

    def __init__(self, exposure: Exposure, taken: Taken) -> None:
        self.exposure = exposure
        self.taken = taken
        self.shown: dict[tuple[object, str], tuple[Shown, ...]] = {}
        self.classes: dict[tuple[Shown, Whole, Where], int] = {}
        self.outcomes: dict[tuple[Shown, Outcome, Where], int] = {}
        self.opens: dict[Whole, tuple[Open, ...]] = {}

    def run(self) -> Steps[None]:
        """Go through all that was taken, in steps."""
        for told, count in self.taken.told.items():
            self.settle(told, count)
            yield
        for (shown, whole, where), count in self.classes.items():
            for plan in whole.plans:
                for one in plan.decisions:
                    if isinstance(one, Outcome):
                        self.meet(shown, one, where, count)
            yield
        for (shown, outcome, where), count in self.outcomes.items():
            self.add_evaluation(shown, outcome.evaluation, where, count)
            yield
        for lump, count in self.taken.lumps.items():
            self.settle_lump(lump, count)
            yield

    def settle(self, told: Told, count: int) -> None:
        """Find what was told to one person."""
        context, where = told.context, find_where(told.context)
        for shown in self.list_shown(told, count):
            snapshot = shown.live.snapshot
            if told.feature:
                if told.feature in snapshot.features and shown.has(told.feature):
                    evaluation = evaluate(snapshot, told.feature, context)
                    self.add_evaluation(shown, evaluation, where, count)
                continue
            whole = find_whole(snapshot, context)
            key = (shown, whole, where)
            self.classes[key] = self.classes.get(key, 0) + count
            for one in self.list_open(whole):
                self.meet(shown, one.settle(context), where, count)

    def settle_lump(self, lump: Lump, count: int) -> None:
        """Count people of a place for every feature that they were told of."""
        for shown in self.list_shown(lump, count):
            for feature in shown.live.snapshot.feature_keys:
                if lump.feature in {"", feature} and shown.has(feature):
                    self.add(shown, (feature, OTHER, OTHER), lump.where, count)

    def list_shown(self, told: Told | Lump, count: int) -> tuple[Shown, ...]:
        """Return the apps that were told of; none once their view is gone for long."""
        key = (told.mark, told.app)
        found = self.shown.get(key)
        if found is None:
            view = self.taken.views.get(told.mark)
            found = list_shown(view, told.app) if view is not None else ()
            self.shown[key] = found
        if not found:
            self.exposure.drop("outdated", count)
        return found

    def list_open(self, whole: Whole) -> tuple[Open, ...]:
        """Return what hashes decide within a class."""
        found = self.opens.get(whole)
        if found is None:
            decisions = [one for plan in whole.plans for one in plan.decisions]
            found = tuple([one for one in decisions if isinstance(one, Open)])
            self.opens[whole] = found
        return found

    def meet(self, shown: Shown, outcome: Outcome, where: Where, count: int) -> None:
        """Count an outcome, unless the answer took the feature from another app."""
        if shown.before and not shown.has(outcome.evaluation.feature):
            return
        key = (shown, outcome, where)
        self.outcomes[key] = self.outcomes.get(key, 0) + count

    def add_evaluation(
        self, shown: Shown, evaluation: Evaluation, where: Where, count: int
    ) -> None:
        """Add an evaluation to the lines."""
        variant = evaluation.variant.name if evaluation.variant is not None else ""
        told = (evaluation.feature, variant, evaluation.reason.value)
        self.add(shown, told, where, count)

    def add(self, shown: Shown, told: tuple[str, str, str], where: Where, count: int) -> None:
        """Add a feature, variant and reason; a platform that no rule names is unknown."""
        feature, variant, reason = told
        territory, platform = where
        if platform not in shown.platforms:
            platform = UNKNOWN
        live = shown.live
        seen = Seen(live.app, feature, variant, territory, reason, platform, SERVER)
        self.exposure.add((live.environment, seen), count)


def list_shown(view: View, app: str) -> tuple[Shown, ...]:
    """Return the apps of an answer, each with those before it."""
    lives = tuple([live for live in view.lives if app in {"", live.app}])
    return tuple([Shown(live, lives[:place]) for place, live in enumerate(lives)])


def list_platforms(live: Live) -> frozenset[str]:
    """Return the platforms that are told apart: those that a rule names, and the usual ones."""
    return live.manifests.platforms | {"", "android", "ios", "web"}
