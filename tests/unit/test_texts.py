import pytest

from app.services import texts


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  hello\r\nworld\r", "hello\nworld"),
        ("nul\0 and bell\a", "nul and bell"),
        ("e\u0301", "é"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        (" \n\t ", ""),
    ],
)
def test_what_no_page_should_meet_is_taken_out(typed, kept):
    assert texts.clean(typed) == kept


@pytest.mark.parametrize(("text", "count"), [("abc", 3), ("e\u0301", 1), ("👍🏽", 2), ("❤️", 1), ("日本", 2), ("", 0)])
def test_length_is_counted_about_as_a_person_counts(text, count):
    assert texts.length(text) == count
