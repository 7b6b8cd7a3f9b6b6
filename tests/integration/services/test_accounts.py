from datetime import timedelta

import pytest

from app import clock
from app.errors import Conflict, NotAllowed
from app.extensions import db
from app.services import accounts, profiles
from tests.cast import PASSWORD


def test_registered_member_can_authenticate_in_any_case(app):
    accounts.register("Ada", "ada@example.com", "a long password")
    db.session.commit()

    assert accounts.authenticate("aDA", "a long password").username == "Ada"
    assert accounts.authenticate("Ada", "another password") is None
    assert accounts.authenticate("nobody", "a long password") is None
    assert accounts.authenticate("Ada\0", "a long password") is None


def test_taken_name_is_a_conflict_in_any_case_and_an_address_is_only_claimed(susan):
    with pytest.raises(Conflict):
        accounts.register("SUSAN", "new@example.com", "a long password")

    accounts.register("new", "Susan@Example.com", "a long password")
    assert accounts.owner_of("SUSAN@example.com") is susan


def test_suspended_member_is_told_so_only_with_the_right_password(susan):
    susan.is_suspended = True
    db.session.commit()

    assert accounts.authenticate("susan", "wrong") is None
    with pytest.raises(NotAllowed):
        accounts.authenticate("susan", PASSWORD)


def test_cookie_ends_with_its_epoch_and_with_a_suspension(susan):
    cookie = susan.get_id()
    assert accounts.signed_in_as(cookie) is susan

    susan.session_epoch += 1
    assert accounts.signed_in_as(cookie) is None
    assert accounts.signed_in_as(susan.get_id()) is susan
    susan.is_suspended = True
    assert accounts.signed_in_as(susan.get_id()) is None


@pytest.mark.parametrize("cookie", ["", "1", ".", "x.0", "1.x", "99999.0", "²."])
def test_strange_cookies_are_nobody(susan, cookie):
    assert accounts.signed_in_as(cookie) is None


def test_visit_is_written_at_most_once_in_five_minutes(susan):
    now = clock.now()
    accounts.touch(susan.id, now)
    accounts.touch(susan.id, now + timedelta(minutes=4))
    db.session.commit()
    assert susan.last_seen_at == now

    accounts.touch(susan.id, now + timedelta(minutes=6))
    db.session.commit()

    assert susan.last_seen_at == now + timedelta(minutes=6)


def test_taken_username_is_a_conflict_and_changes_nothing(susan, john):
    with pytest.raises(Conflict):
        profiles.edit(susan, "JOHN", profiles.Said(about_me="hello"))

    db.session.commit()
    assert (susan.username, susan.about_me) == ("susan", "")
