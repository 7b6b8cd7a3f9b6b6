"""What a scan found in an upload: counts, dates and samples for the preview, kept as plain JSON."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from app import clock
from app.errors import Invalid
from app.services.imports.rows import Row

SAMPLES = 5
LISTED_PROBLEMS = 20


@dataclass
class Findings:
    """`total` = `new` + `here` (already among the member's posts) + `bad`. Dates are of the posts that are not bad.

    `samples` are (date, words), `listed` the first bad rows as (number, reason), `reasons` how many have each;
    `replaced` counts half characters that became U+FFFD.
    """

    total: int = 0
    new: int = 0
    here: int = 0
    bad: int = 0
    replaced: int = 0
    first: str = ""
    last: str = ""
    samples: list[list[str]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    listed: list[list[Any]] = field(default_factory=list)

    def note(self, row: Row) -> None:
        """Count one row."""
        self.total += 1
        if row.problem is not None:
            self._note_bad(row.number, row.problem)
            return
        self.here += row.is_here
        self.new += not row.is_here
        stamp = clock.stamp(row.created_at)
        self.first = min(self.first or stamp, stamp)
        self.last = max(self.last, stamp)
        if not row.is_here and len(self.samples) < SAMPLES:
            self.samples.append([stamp, row.body[:500]])

    def as_json(self) -> dict[str, Any]:
        """For the upload's row."""
        return asdict(self)

    @property
    def summary(self) -> str:
        """One line for the run that scanned. Raises Invalid when there was nothing to find."""
        if not self.total:
            raise Invalid("There are no posts in this file, so there is nothing to import.")
        return f"{self.total:,} posts: {self.new:,} new, {self.here:,} here already, {self.bad:,} that cannot come in."

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The oldest and the newest date, or None when there is no good row."""
        return (_read(self.first), _read(self.last)) if self.first else None

    @property
    def shown(self) -> list[tuple[datetime, str]]:
        """The samples, with their dates as dates."""
        return [(_read(stamp), words) for stamp, words in self.samples]

    def _note_bad(self, number: int, problem: str) -> None:
        self.bad += 1
        self.reasons[problem] = self.reasons.get(problem, 0) + 1
        if len(self.listed) < LISTED_PROBLEMS:
            self.listed.append([number, problem])


def _read(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
