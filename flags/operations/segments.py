"""Commands about segments: constraints that several strategies share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flags.models import Constraint, Partner, Segment, Strategy
from flags.operations.constraints import ConstraintSpec, canonical
from regions.governance.commands import Change, Command, Moment, operation
from regions.operations.checks import check_count, check_key, get_app, shown
from regions.operations.rows import put

SEGMENTS_PER_APP = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSegment(Command):
    """Have a segment with exactly these constraints, all of which must hold."""

    app: str
    key: str
    description: str = ""
    constraints: tuple[ConstraintSpec, ...]


@operation(SetSegment, permission="targeting")
def set_segment(command: SetSegment, _moment: Moment) -> Iterable[Change]:
    """Write the segment and its constraints."""
    app = get_app(command.app)
    check_key(command.key, kind="segment")
    constraints = canonical(command.constraints, of=f"The segment {shown(command.key)}")
    found = Segment.objects.filter(app=app, key=command.key).first()
    if found is None:
        check_count(
            app.segments.count() + 1, SEGMENTS_PER_APP, things=f"segments of {app.key}", field="key"
        )
    written = put(found, Segment(app=app, key=command.key), {"description": command.description})
    before = [describe_constraint(row) for row in written.row.constraints.all()]
    after = [plain_constraint(constraint) for constraint in constraints]
    if before != after:
        written.row.constraints.all().delete()
        Constraint.objects.bulk_create(build_constraints(constraints, segment=written.row))
    return written.changes("segment", command.key, constraints=(before, after))


def build_constraints(
    constraints: Iterable[ConstraintSpec],
    *,
    segment: Segment | None = None,
    strategy: Strategy | None = None,
    partner: Partner | None = None,
) -> list[Constraint]:
    """Build the rows of constraints, in order, for one home."""
    return [
        Constraint(
            segment=segment,
            strategy=strategy,
            partner=partner,
            position=position,
            context_name=constraint.context_name,
            operator=constraint.operator,
            values=list(constraint.values),
            value=constraint.value,
            inverted=constraint.inverted,
            case_insensitive=constraint.case_insensitive,
        )
        for position, constraint in enumerate(constraints)
    ]


def describe_constraint(row: Constraint) -> dict[str, Any]:
    """Return a constraint's row as the audit keeps it."""
    return {
        "context_name": row.context_name,
        "operator": row.operator,
        "values": list(row.values),
        "value": row.value,
        "inverted": row.inverted,
        "case_insensitive": row.case_insensitive,
    }


def plain_constraint(constraint: ConstraintSpec) -> dict[str, Any]:
    """Return a wanted constraint as the audit keeps it."""
    return {
        "context_name": constraint.context_name,
        "operator": constraint.operator,
        "values": list(constraint.values),
        "value": constraint.value,
        "inverted": constraint.inverted,
        "case_insensitive": constraint.case_insensitive,
    }
