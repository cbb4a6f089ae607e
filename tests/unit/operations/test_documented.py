"""What the operators' document tells people to type does what it says."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.core.management import call_command

from flags.models import Strategy, Variant
from tests.product import ROOT
from tests.unit.world import Do


def test_targeting_is_written_by_the_command_of_the_document(world: Do) -> None:
    """Half of the people get the feature, in two variants, in the name of an administrator."""
    User.objects.create_superuser("admin")
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    found = re.search(r"## Targeting.*?```python\n(.*?)```", text, re.DOTALL)
    assert found
    code = found[1].replace("superapp", "shop").replace("wallet.p2p-transfer", "pay.transfer")
    call_command("shell", command=code)
    strategy = Strategy.objects.get(feature__key="pay.transfer")
    assert "50" == strategy.parameters["rollout"]
    assert ["a", "b"] == list(Variant.objects.values_list("name", flat=True))
