"""The canary that the end-to-end probe changes, and what it measured.

Results go beside the one door, as uses of tokens do: a measurement is no decision of
anybody's. The canary itself goes through it like every other feature.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Model, QuerySet
from django.utils.crypto import salted_hmac

from flags.models import ClientToken, ProbeResult, Snapshot, Strategy
from flags.operations.features import SetBundle, SetFeature
from flags.operations.targeting import SetTargeting, StrategySpec, VariantSpec
from flags.operations.tokens import CreateToken
from regions.governance.audit import forget_measurements
from regions.governance.commands import Command
from regions.governance.execute import Receipt, execute
from regions.governance.policy import CANARY, PROBE
from regions.operations import SetApp

FEATURE = "canary"
# Two values that take turns: nothing grows with the number of probes.
VALUES = ("tick", "tock")
KEPT_FOR = timedelta(days=7)
KEPT_RESULTS = 10_000
# Bodies of a canary's snapshots are as large as those of a small app, and there is one a minute.
KEPT_SNAPSHOTS = 20
DELETED_AT_ONCE = 1_000


def prepare_canary(environment: str, *, now: datetime) -> str:
    """Have the canary and a token that reads nothing else; return the token's text.

    Everything is as it was when it is there already.
    """
    for command in (
        SetApp(key=CANARY, name="Landfall's own canary"),
        SetBundle(app=CANARY, key="probe", name="Probe"),
        SetFeature(
            app=CANARY,
            key=FEATURE,
            bundle="probe",
            description="Changed by Landfall itself, to measure how fast a change arrives.",
            owner="Landfall",
            offer_basis="none",
            default_status="live",
        ),
    ):
        _give(command, now)
    if not Strategy.objects.filter(
        feature__app__key=CANARY, feature__key=FEATURE, environment__key=environment
    ).exists():
        turn_canary(environment, VALUES[0], now=now)
    token = _derive_token(environment)
    _give(
        CreateToken(app=CANARY, environment=environment, kind="backend", name=PROBE, token=token),
        now,
    )
    return token


def turn_canary(environment: str, value: str, *, now: datetime) -> Receipt:
    """Give the canary a value, as a product manager would change a feature."""
    variants = (VariantSpec(name=value, weight=1000),)
    command = SetTargeting(
        app=CANARY,
        environment=environment,
        feature=FEATURE,
        strategies=(StrategySpec(name="default", variants=variants),),
    )
    return _give(command, now)


def keep_result(environment: str, *, at: datetime, seconds: float | None, trouble: str) -> None:
    """Keep what a probe measured, and delete what is older or more than is wanted."""
    ProbeResult.objects.create(environment_key=environment, at=at, seconds=seconds, trouble=trouble)
    ProbeResult.objects.filter(at__lt=at - KEPT_FOR).delete()
    _delete_beyond(ProbeResult.objects.order_by("-at", "-id"), KEPT_RESULTS)


def forget_turns(environment: str, *, now: datetime) -> None:
    """Delete the canary's old snapshots and what the audit has of its turns."""
    snapshots = Snapshot.objects.filter(
        app__key=CANARY, environment__key=environment, part="content"
    )
    _delete_beyond(snapshots.order_by("-epoch", "-revision"), KEPT_SNAPSHOTS)
    forget_measurements(before=now - KEPT_FOR)


def _delete_beyond(rows: QuerySet[Model], kept: int) -> None:
    """Delete the rows behind the first so many, a thousand at most."""
    last = list(rows.values_list("pk", flat=True)[kept : kept + DELETED_AT_ONCE])
    if last:
        rows.order_by().filter(pk__in=last).delete()


def _derive_token(environment: str) -> str:
    """Return the token's text, the same in every worker and written down nowhere.

    It follows from the secret key, whose holder may sign in as anybody anyway. One that was
    revoked, or replaced and so going to expire, is followed by another.
    """
    ended = ClientToken.objects.filter(
        app__key=CANARY, environment__key=environment, name=PROBE
    ).exclude(revoked_at=None, expires_at=None)
    told = f"{environment}/{ended.count()}"
    secret = salted_hmac("landfall.probe", told, algorithm="sha256")
    return f"{CANARY}:{environment}.{secret.hexdigest()}"


def _give(command: Command, now: datetime) -> Receipt:
    return execute(command, actor=None, now=now, system_name=PROBE)
