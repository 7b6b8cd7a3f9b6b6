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


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("* * * * *", "every minute"),
        ("17 * * * *", "every hour at minute 17"),
        ("0 9 * * *", "every day at 09:00 UTC"),
        ("5 9 * * 0", "every Sunday at 09:05 UTC"),
        ("5 9 * * 1", "every Monday at 09:05 UTC"),
        ("0 6 1 * *", "on day 1 of every month at 06:00 UTC"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("0 9 * 12 *", "0 9 * 12 *"),
        ("0 9 1 * 1", "0 9 1 * 1"),
        ("* 9 * * *", "* 9 * * *"),
    ],
)
def test_a_cron_line_is_told_in_words_where_few_do(line, told):
    assert times.often(line) == told
