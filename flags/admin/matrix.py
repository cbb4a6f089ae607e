"""What the board's template shows: rows, columns, cells, counts; values only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from flags.admin.marks import SHORT_LABELS, STATUS_LABELS, shape
from flags.queries.boards import Board, BoardCell
from regions.admin.names import short_territory_name, territory_name
from regions.locales.territory import list_spellings


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One bundle in one territory, as the template shows it."""

    facts: BoardCell
    place_name: str
    bundle_name: str
    review_due: bool

    @property
    def key(self) -> str:
        """Return the cell's address, `SG:commerce`."""
        return f"{self.facts.territory}:{self.facts.bundle}"

    @property
    def short(self) -> str:
        """Return the word in the cell."""
        if self.facts.status == "partial":
            return f"{self.facts.live_count}/{self.facts.feature_count}"
        if self.facts.status == "live" and self.facts.rollout is not None:
            return f"{self.facts.rollout}%"
        return str(SHORT_LABELS[self.facts.status])

    @property
    def told(self) -> str:
        """Return the whole story in words, for hover and screen readers."""
        facts = self.facts
        words = [f"{self.place_name}, {self.bundle_name}: {STATUS_LABELS[facts.status]}"]
        if facts.status == "partial":
            counts = {"live": facts.live_count, "all": facts.feature_count}
            words.append(_("%(live)d of %(all)d features live") % counts)
        if facts.rollout is not None:
            words.append(_("rollout %d%%") % facts.rollout)
        if facts.killed_count:
            killed = ngettext(
                "a kill switch touches %d feature",
                "kill switches touch %d features",
                facts.killed_count,
            )
            words.append(killed % facts.killed_count)
        if self.review_due:
            words.append(_("review overdue"))
        return ", ".join(words)

    @property
    def marks(self) -> str:
        """Return the words that the status filter looks for."""
        status = self.facts.status
        return f"{status} killed" if self.facts.killed_count and status != "killed" else status

    @property
    def is_marked_killed(self) -> bool:
        """Tell whether a kill switch touches a cell that is not killed as a whole."""
        return bool(self.facts.killed_count) and self.facts.status != "killed"

    @property
    def shape(self) -> SafeString:
        """Return the drawing of the status."""
        return shape(self.facts.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bundle with its counts."""

    key: str
    name: str
    description: str
    live_count: int
    territory_count: int

    @property
    def percent(self) -> int:
        """Return the share of territories in which the bundle is wholly live."""
        return round(100 * self.live_count / self.territory_count) if self.territory_count else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One territory with its cells, in the order of the columns."""

    code: str
    name: str
    markets: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def short_name(self) -> str:
        """Return the name that fits the column."""
        return short_territory_name(self.code)

    @property
    def words(self) -> str:
        """Return what the search looks through: the reader's and the English name, every code."""
        names = (self.name, territory_name(self.code, "en"), *list_spellings(self.code))
        return " ".join(names).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """One status with the number of cells that have it."""

    mark: str
    label: Any
    count: int

    @property
    def shape(self) -> SafeString:
        """Return the drawing of the status."""
        return shape(self.mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The whole board as it is shown."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: tuple[LegendEntry, ...]


def build_matrix(board: Board, today: date) -> Matrix:
    """Put rows and columns together, by the territories' names, and count what they say."""
    rows = sorted((_build_row(board, code, today) for code in board.territories), key=_by_name)
    cells = [cell for row in rows for cell in row.cells]
    live = Counter(cell.facts.bundle for cell in cells if cell.facts.status == "live")
    seen = Counter(mark for cell in cells for mark in cell.marks.split())
    return Matrix(
        columns=tuple(
            Column(
                key=bundle.key,
                name=bundle.name,
                description=bundle.description,
                live_count=live[bundle.key],
                territory_count=len(rows),
            )
            for bundle in board.bundles
        ),
        rows=tuple(rows),
        legend=tuple(
            LegendEntry(mark=mark, label=label, count=seen[mark])
            for mark, label in STATUS_LABELS.items()
        ),
    )


def _build_row(board: Board, code: str, today: date) -> Row:
    name = territory_name(code)
    return Row(
        code=code,
        name=name,
        markets=tuple(key for key, codes in board.markets.items() if code in codes),
        cells=tuple(
            _build_cell(board.cells[code, bundle.key], name, bundle.name, today)
            for bundle in board.bundles
        ),
    )


def _build_cell(facts: BoardCell, place_name: str, bundle_name: str, today: date) -> Cell:
    return Cell(
        facts=facts,
        place_name=place_name,
        bundle_name=bundle_name,
        review_due=facts.review_date is not None and facts.review_date < today,
    )


def _by_name(row: Row) -> str:
    return row.name.casefold()
