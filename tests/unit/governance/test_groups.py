"""Every installation has the groups of the policy, not only the demo."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from regions.governance.policy import GROUPS


@pytest.mark.django_db
def test_migrations_make_the_groups_of_the_policy() -> None:
    """An operator can put people into groups right after `migrate`."""
    assert set(GROUPS) <= set(Group.objects.values_list("name", flat=True))
