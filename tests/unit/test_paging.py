from datetime import UTC, datetime

import pytest

from app.errors import Invalid
from app.services.paging import Cursor


@pytest.mark.parametrize("is_upward", [True, False])
def test_cursor_survives_the_address_bar(is_upward):
    cursor = Cursor(datetime(2026, 11, 22, 6, 43, 2, 123456, tzinfo=UTC), 2**31 - 1, is_upward)

    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["x", "💣", "AAAA", "A" * 500, "AH_______wAAAAE"])
def test_damaged_cursor_is_refused(text):
    with pytest.raises(Invalid):
        Cursor.parse(text)


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_top(text):
    assert Cursor.parse(text) is None
