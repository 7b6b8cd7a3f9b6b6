import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine import progress
from app.engine.progress import Pace, Standing


def test_percent_is_weighted_over_steps():
    weights = [1.0, 3.0]

    assert progress.fraction(weights, 0, 5, 10) == 0.125
    assert progress.fraction(weights, 1, 5, 10) == 0.625


def test_a_step_of_unknown_length_keeps_the_percent():
    assert progress.fraction([1.0], 0, 5, None) is None
    assert progress.percent(None, 42) == 42
    assert progress.percent(None, None) is None


def test_an_empty_step_counts_as_done():
    assert progress.fraction([1.0], 0, 0, 0) == 1.0


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40) | st.none()), max_size=30))
def test_percent_never_falls_and_never_says_100(reports):
    mark = None
    for done, total in reports:
        shown = progress.percent(progress.fraction([1.0], 0, done, total), mark)

        assert shown is None or (0 <= shown <= 99 and (mark is None or shown >= mark))
        mark = shown


def test_time_left_is_silent_before_five_seconds_and_three_percent():
    pace = Pace()
    for second in range(5):
        pace.note(second / 1000, second)

    assert pace.left() is None

    pace.note(0.2, 6)
    assert pace.left() is not None


def test_time_left_follows_the_pace():
    pace = Pace()
    for second in range(51):
        pace.note(second / 100, second)

    low, high = pace.left()
    assert low <= 50 <= high


@pytest.mark.parametrize(
    ("seconds", "range_"), [(5, [4, 6]), (0.4, [0, 1]), (40, [30, 50]), (400, [330, 480]), (7200, [6000, 8400])]
)
def test_ranges_are_coarse(seconds, range_):
    assert progress.coarse(seconds) == range_


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "about 5 seconds"),
        (1, "about 1 second"),
        (60, "about 1 minute"),
        (125, "about 2 minutes"),
        (7200, "about 2 hours"),
    ],
)
def test_durations_in_words(seconds, words):
    assert progress.duration(seconds) == words


def test_the_sentence_of_the_contract():
    standing = Standing(
        state="running",
        unit="posts",
        done=412,
        total=980,
        failed=2,
        step_index=0,
        step_count=2,
        step_name="Writing",
        eta_seconds=[4, 6],
    )

    assert progress.sentence(standing) == ("Writing, step 1 of 2: 412 of 980 posts, 2 failed, about 5 seconds left")


@pytest.mark.parametrize(
    ("standing", "sentence"),
    [
        (Standing("queued"), "Waiting to start"),
        (Standing("queued", attempt=2), "Waiting to try again"),
        (Standing("queued", reason="deploy", percent=58), "Continuing after a restart, from 58 %"),
        (Standing("running"), "Starting"),
        (Standing("running", done=3), "3 items"),
        (Standing("retrying", error="The disk is full."), "Retrying soon: The disk is full."),
        (Standing("cancelling", done=3, total=9), "Cancelling: 3 of 9 items"),
        (Standing("succeeded", done=9, total=9), "Done: 9 of 9 items"),
        (Standing("succeeded"), "Done"),
        (
            Standing("partial", done=9800, total=9800, failed=19),
            "Finished with failures: 9,781 of 9,800 items, 19 failed",
        ),
        (Standing("failed", done=3, total=9, error="No."), "Failed after 3 of 9 items: No."),
        (Standing("cancelled", done=3, total=9), "Cancelled after 3 of 9 items"),
        (Standing("cancelled"), "Cancelled before it began"),
        (Standing("running", done=1, total=9, is_restarted=True), "Starting over after an interruption. 1 of 9 items"),
    ],
)
def test_sentences_of_every_state(standing, sentence):
    assert progress.sentence(standing) == sentence
