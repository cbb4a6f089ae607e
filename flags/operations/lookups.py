"""Find the rows that commands of this house name, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from flags.models import Bundle, Feature
from flags.models.place import Place
from regions.governance.commands import Refused
from regions.governance.models import Environment
from regions.models import App, Market, Subdivision, Territory
from regions.operations.checks import get_market, get_subdivision, get_territory, shown


class Placed(Protocol):
    """A command that names at most one place."""

    @property
    def subdivision(self) -> str:
        """The ISO 3166-2 code, or empty."""
        ...

    @property
    def territory(self) -> str:
        """The ISO 3166-1 alpha-2 code, or empty."""
        ...

    @property
    def market(self) -> str:
        """The market's key, or empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlace:
    """The rows of a place; all None means everywhere."""

    subdivision: Subdivision | None
    territory: Territory | None
    market: Market | None

    @property
    def key(self) -> str:
        """Return `CA-QC`, `SG`, `market:EEA` or `*`, as the rows themselves say it."""
        if self.subdivision:
            return self.subdivision.code
        if self.territory:
            return self.territory.code
        return f"market:{self.market.key}" if self.market else "*"

    def values(self) -> dict[str, object]:
        """Return the columns of a row with a place."""
        return {name: getattr(self, name) for name in PLACE_COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTarget:
    """The row of a target; exactly one is set."""

    feature: Feature | None
    bundle: Bundle | None

    @property
    def key(self) -> str:
        """Return the key of the feature or the bundle."""
        if self.feature:
            return self.feature.key
        return self.bundle.key if self.bundle else ""

    def values(self) -> dict[str, object]:
        """Return the columns of a row with a target."""
        return {"feature": self.feature, "bundle": self.bundle}


PLACE_COLUMNS = ("subdivision", "territory", "market")


def get_environment(key: str) -> Environment:
    """Get the environment; the one door has already refused an unknown one."""
    return Environment.objects.get(key=key)


def get_feature(app: App, key: str, *, field: str = "feature") -> Feature:
    """Get a feature that is not archived, or refuse."""
    rows = Feature.objects.select_related("app")
    feature = rows.filter(app=app, key=key, archived_at=None).first()
    if feature is None:
        raise Refused(
            f"{app.key} has no feature “{shown(key)}”.", code="unknown_feature", field=field
        )
    return feature


def get_bundle(app: App, key: str, *, field: str = "bundle") -> Bundle:
    """Get a bundle, or refuse."""
    bundle = Bundle.objects.filter(app=app, key=key).first()
    if bundle is None:
        raise Refused(
            f"{app.key} has no bundle “{shown(key)}”.", code="unknown_bundle", field=field
        )
    return bundle


def get_target(app: App, *, feature: str, bundle: str, of: str) -> FoundTarget:
    """Get the one feature or bundle; refuse both and neither."""
    if bool(feature) == bool(bundle):
        given = f"both {shown(feature)} and {shown(bundle)}" if feature else "neither"
        raise Refused(
            f"{of} speaks of one feature or one bundle; given were {given}."
            if feature
            else f"{of} speaks of one feature or one bundle; neither was given.",
            code="one_target",
            field="feature",
        )
    return FoundTarget(
        feature=get_feature(app, feature) if feature else None,
        bundle=get_bundle(app, bundle) if bundle else None,
    )


def get_place(command: Placed, *, of: str) -> FoundPlace:
    """Get the place that the command names, everywhere when it names none."""
    given = [getattr(command, name) for name in PLACE_COLUMNS if getattr(command, name)]
    if len(given) > 1:
        raise Refused(
            f"{of} holds at one place; given were {' and '.join(shown(name) for name in given)}.",
            code="one_place",
            field="territory",
        )
    return FoundPlace(
        subdivision=get_subdivision(command.subdivision) if command.subdivision else None,
        territory=get_territory(command.territory) if command.territory else None,
        market=get_market(command.market) if command.market else None,
    )


def check_platform(app: App, platform: str, *, field: str = "platform") -> None:
    """Refuse a platform that the app does not run on."""
    if platform not in app.platforms:
        raise Refused(
            f"{app.key} does not run on “{shown(platform)}”;"
            f" its platforms are {', '.join(app.platforms) or 'not set yet'}.",
            code="unknown_platform",
            field=field,
        )


def same_place(row: Place, place: FoundPlace) -> bool:
    """Tell whether a row holds at this very place."""
    return row.place_key == place.key
