"""What the newest publish found out about features, as it is shown to people."""

from __future__ import annotations

from django.db.models import Prefetch

from flags.models import Findings

# For features: read once per app, with the environments in their order.
FINDINGS_OF_APP = Prefetch(
    "app__findings",
    Findings.objects.select_related("environment").order_by(
        "environment__position", "environment__key"
    ),
)


def list_broken(environment_key: str, app_key: str = "") -> dict[str, str]:
    """Return why features are published off, by key, of one app or of all; one query."""
    rows = Findings.objects.filter(environment__key=environment_key)
    if app_key:
        rows = rows.filter(app__key=app_key)
    broken: dict[str, str] = {}
    for found in rows.order_by("app__key").values_list("broken", flat=True):
        broken.update(found)
    return dict(sorted(broken.items()))
