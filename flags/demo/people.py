"""The demo's users, with a password that everybody knows, and the groups of the policy."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from regions.governance.policy import GROUPS

PASSWORD = "landfall"  # noqa: S105 - of the demo only, which is refused outside one


def add_people(facts: dict[str, Any]) -> None:
    """Have the groups and the demo's users; a user who is there keeps their password."""
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in GROUPS}
    hashed = make_password(PASSWORD)
    for row in facts["users"]:
        user, created = User.objects.get_or_create(
            username=row["name"],
            defaults={
                "password": hashed,
                "is_staff": True,
                "is_superuser": row.get("superuser", False),
                "email": f"{row['name']}@example.com",
            },
        )
        if created and "group" in row:
            user.groups.add(groups[row["group"]])
