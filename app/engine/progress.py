"""Plain values of progress and what follows from them. Knows no database, no Redis and no Flask."""

import math
from collections.abc import Callable
from dataclasses import dataclass

ETA_AFTER_SECONDS = 5.0
ETA_AFTER_FRACTION = 0.03
_MEMORY_SECONDS = 15.0


def fraction(weights: list[float], index: int, done: int, total: int | None) -> float | None:
    """How much of all the work is done, 0–1; None while the step at `index` has no known length.

    Steps before `index` count whole, by weight.
    """
    if total is None:
        return None
    part = 1.0 if total <= 0 else min(done / total, 1.0)
    return (sum(weights[:index]) + weights[index] * part) / (sum(weights) or 1.0)


def percent(reached: float | None, mark: int | None) -> int | None:
    """The integer to show for a run that is not over: at most 99, never below `mark`, the last one stored."""
    if reached is None:
        return mark
    return max(min(math.floor(reached * 100), 99), mark or 0)


@dataclass
class Pace:
    """A moving average of fraction per second, weighted towards the last 15 seconds."""

    started: float | None = None
    last_at: float = 0.0
    last_fraction: float = 0.0
    rate: float | None = None

    def forget(self) -> None:
        """Another kind of work begins: its speed is not known yet."""
        self.started = self.rate = None

    def note(self, reached: float | None, at: float) -> None:
        """Take in the fraction `reached` at the monotonic time `at`, in seconds."""
        if reached is None:
            return
        if self.started is None:
            self.started = at
        elif at > self.last_at:
            gap = at - self.last_at
            now_rate = max(reached - self.last_fraction, 0.0) / gap
            weight = 1 - math.exp(-gap / _MEMORY_SECONDS)
            self.rate = now_rate if self.rate is None else self.rate + weight * (now_rate - self.rate)
        self.last_at, self.last_fraction = at, reached

    def left(self) -> list[int] | None:
        """A coarse [low, high] in seconds until the end; None before 5 s and 3 %, or while nothing moves."""
        if self.started is None or not self.rate:
            return None
        if self.last_at - self.started < ETA_AFTER_SECONDS or self.last_fraction < ETA_AFTER_FRACTION:
            return None
        seconds = (1 - self.last_fraction) / self.rate
        return coarse(seconds) if seconds < 7 * 86400 else None


def coarse(seconds: float) -> list[int]:
    """A range of whole seconds around an estimate, rounded to what a person would say."""
    grains = ((20, 1), (60, 5), (600, 30), (3600, 60), (math.inf, 600))
    grain = next(grain for limit, grain in grains if seconds < limit)
    low = math.floor(seconds * 0.85 / grain) * grain
    high = max(math.ceil(seconds * 1.15 / grain) * grain, grain)
    return [low, high]


def duration(seconds: float) -> str:
    """`about 5 seconds`, `about 2 minutes`, `about 3 hours`."""
    for size, word in ((3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size or seconds == size:
            return f"about {_counted(round(seconds / size), word)}"
    return f"about {_counted(max(round(seconds), 1), 'second')}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


@dataclass(frozen=True)
class Standing:
    """What the sentence about a run is made of; counts are items of `unit`."""

    state: str
    unit: str = "items"
    done: int = 0
    total: int | None = None
    failed: int = 0
    skipped: int = 0
    step_index: int = 0
    step_count: int = 1
    step_name: str = ""
    eta_seconds: list[int] | None = None
    percent: int | None = None
    reason: str | None = None
    error: str | None = None
    result: str | None = None
    is_restarted: bool = False
    attempt: int = 1


def sentence(standing: Standing) -> str:
    """The whole state of a run as a person would say it, in one line."""
    return _SENTENCES[standing.state](standing)


def amount(standing: Standing) -> str:
    """`412 of 980 posts, 2 failed`; `412 posts` while the total is unknown; empty before anything is known."""
    parts = []
    if standing.total is not None:
        parts.append(f"{standing.done:,} of {standing.total:,} {standing.unit}")
    elif standing.done:
        parts.append(f"{standing.done:,} {standing.unit}")
    if standing.failed:
        parts.append(f"{standing.failed:,} failed")
    if standing.skipped:
        parts.append(f"{standing.skipped:,} skipped")
    return ", ".join(parts)


def _running(standing: Standing) -> str:
    text = amount(standing) or "Starting"
    if standing.step_count > 1 and standing.step_name:
        text = f"{standing.step_name}, step {standing.step_index + 1} of {standing.step_count}: {text}"
    if standing.is_restarted:
        text = f"Starting over after an interruption. {text}"
    if standing.eta_seconds:
        text += f", {duration(sum(standing.eta_seconds) / 2)} left"
    return text


def _queued(standing: Standing) -> str:
    if standing.reason in ("worker_lost", "deploy", "hung"):
        mark = f", from {standing.percent} %" if standing.percent is not None else ""
        return f"Continuing after a restart{mark}"
    return "Waiting to start" if standing.attempt == 1 else "Waiting to try again"


def _with_error(opening: str) -> Callable[[Standing], str]:
    def tell(standing: Standing) -> str:
        return f"{opening}: {standing.error}" if standing.error else opening

    return tell


def _failed(standing: Standing) -> str:
    after = f" after {amount(standing)}" if standing.done else ""
    return f"Failed{after}: {standing.error}" if standing.error else f"Failed{after}"


def _succeeded(standing: Standing) -> str:
    return standing.result or (f"Done: {amount(standing)}" if amount(standing) else "Done")


def _partial(standing: Standing) -> str:
    whole = standing.done if standing.total is None else standing.total
    good = whole - standing.failed - standing.skipped
    ended = f"Finished with failures: {good:,} of {whole:,} {standing.unit}, {standing.failed:,} failed"
    if standing.skipped:
        ended += f", {standing.skipped:,} skipped"
    return f"{ended}. {standing.result}" if standing.result else ended


def _cancelled(standing: Standing) -> str:
    return f"Cancelled after {amount(standing)}" if standing.done else "Cancelled before it began"


def _cancelling(standing: Standing) -> str:
    return f"Cancelling: {amount(standing)}" if amount(standing) else "Cancelling"


SentenceMaker = Callable[[Standing], str]
_SENTENCES: dict[str, SentenceMaker] = {
    "queued": _queued,
    "running": _running,
    "retrying": _with_error("Retrying soon"),
    "cancelling": _cancelling,
    "succeeded": _succeeded,
    "partial": _partial,
    "failed": _failed,
    "cancelled": _cancelled,
}
