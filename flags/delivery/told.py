"""What an answer told somebody, as little as will do to count it later."""

from __future__ import annotations

from flags.engine.context import Context


class Told:
    """Whom an answer was for, and of which view; equal to itself only.

    It names its view by the view's mark alone, so that it keeps no old revision alive.
    `app` and `feature` narrow what was told; empty for all.
    """

    __slots__ = ("app", "context", "feature", "mark")

    def __init__(self, mark: object, context: Context, app: str, feature: str) -> None:
        self.mark = mark
        self.context = context
        self.app = app
        self.feature = feature
