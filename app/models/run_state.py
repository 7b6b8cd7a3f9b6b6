"""The states of a run and the only moves between them, each with its reason."""

QUEUED, RUNNING, RETRYING, CANCELLING = "queued", "running", "retrying", "cancelling"
SUCCEEDED, PARTIAL, FAILED, CANCELLED = "succeeded", "partial", "failed", "cancelled"

ACTIVE = frozenset({QUEUED, RUNNING, RETRYING, CANCELLING})
CLAIMED = frozenset({RUNNING, CANCELLING})
FINISHED = frozenset({SUCCEEDED, PARTIAL, FAILED, CANCELLED})

MOVES: dict[str, frozenset[str]] = {
    # queued → running: a worker claims it. → cancelled: nobody had begun. → failed: its code is gone.
    QUEUED: frozenset({RUNNING, CANCELLED, FAILED}),
    # running → queued: its worker was lost or gave way to a deploy. → retrying: an error, attempts left.
    # → failed: no attempts left, or three strikes.
    RUNNING: frozenset({QUEUED, RETRYING, CANCELLING, SUCCEEDED, PARTIAL, FAILED}),
    # retrying → queued: its back-off is over; go on from the cursor.
    RETRYING: frozenset({QUEUED, CANCELLED}),
    # cancelling → succeeded, partial: the last item was already in hand when the member pressed Cancel.
    CANCELLING: frozenset({CANCELLED, SUCCEEDED, PARTIAL}),
    # failed → queued: the member (or after three strikes an admin) retries it from its cursor.
    FAILED: frozenset({QUEUED}),
    # a partial run's failed items and a cancelled run are asked for anew, as runs of their own.
    SUCCEEDED: frozenset(),
    PARTIAL: frozenset(),
    CANCELLED: frozenset(),
}


def sources(target: str) -> frozenset[str]:
    """The states a run may come from to reach `target`."""
    return frozenset(state for state, targets in MOVES.items() if target in targets)
