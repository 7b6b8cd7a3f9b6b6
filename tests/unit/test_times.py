from datetime import UTC, datetime, timedelta

import pytest

from app.web import times

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=2), "20 Nov"),
        (timedelta(days=700), "22 Dec 2024"),
    ],
)
def test_time_is_told_short_and_near(before, told):
    assert times.ago(NOW - before, NOW) == told
