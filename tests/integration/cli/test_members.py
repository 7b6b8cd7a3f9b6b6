import pytest

from app.extensions import db
from app.services import accounts
from tests.engine_fixtures import fresh, numbers_written, start
from tests.visitor import Visitor


@pytest.fixture
def members(app, cast):
    """Types `flask members …` and gives (exit code, output)."""

    def type_in(*words, keys=""):
        result = app.test_cli_runner().invoke(args=["members", *words], input=keys)
        db.session.expire_all()
        return result.exit_code, result.output

    return type_in


def test_members_are_listed_by_name_with_role_and_standing(members, john):
    john.is_suspended = True
    db.session.commit()

    code, text = members("list")

    assert code == 0
    assert [line.split()[:3] for line in text.splitlines()[1:]] == [
        ["david", "admin", "active"],
        ["john", "member", "suspended"],
        ["mary", "member", "active"],
        ["susan", "member", "active"],
    ]
    assert [line.split()[0] for line in members("list", "--role", "admin")[1].splitlines()] == ["NAME", "david"]


def test_a_member_becomes_an_admin_and_one_again(members, susan):
    assert members("role", "Susan", "admin") == (0, "susan is an admin now.\n")
    assert susan.is_admin

    members("role", "susan", "member")
    assert not susan.is_moderator


def test_unknown_names_and_roles_change_nothing(members, susan):
    assert members("role", "susan", "queen")[0] == 2

    code, text = members("suspend", "nobody")

    assert code == 1 and "no member called 'nobody'" in text


def test_suspending_ends_every_sign_in_for_good(app, members, susan):
    visitor = Visitor(app).signed_in(susan)
    assert visitor.get("/").status_code == 200

    members("suspend", "susan")
    assert visitor.get("/").status_code == 302
    assert visitor.signs_in("susan").status_code == 403

    members("restore", "susan")
    assert visitor.get("/").status_code == 302, "the old sign-in stays ended"
    assert visitor.signs_in("susan").status_code == 302


def test_what_a_suspended_member_asked_for_is_done(members, susan, worker):
    run = start("slow", by=susan, count=3)

    members("suspend", "susan")
    worker.work()

    assert (fresh(run).state, numbers_written(run)) == ("succeeded", 3)


def test_a_new_password_ends_every_sign_in(app, members, susan):
    visitor = Visitor(app).signed_in(susan)

    code, text = members("password", "susan", keys="another password\nanother password\n")

    assert code == 0 and "another password" not in text
    assert visitor.get("/").status_code == 302
    assert accounts.authenticate("susan", "another password") is not None
    assert accounts.authenticate("susan", "microblog") is None


def test_an_address_given_back_is_theirs_to_confirm_and_ends_every_sign_in(app, members, susan):
    visitor = Visitor(app).signed_in(susan)

    code, text = members("address", "susan", "susan@example.org")

    assert code == 0 and "susan@example.org" in text
    assert visitor.get("/").status_code == 302
    db.session.refresh(susan)
    assert (susan.email, susan.email_confirmed_at) == ("susan@example.org", None)
    assert accounts.claimants("susan@example.org") == [susan]


def test_an_address_that_another_has_confirmed_is_not_given(members, susan, john):
    code, text = members("address", "susan", "John@example.com")

    assert code == 1 and "Another member" in text
    assert susan.email == "susan@example.com"


def test_what_is_no_address_is_refused(members, susan):
    code, text = members("address", "susan", "nowhere")

    assert code == 1 and "no email address" in text
    assert susan.email == "susan@example.com"


def test_a_password_too_short_is_refused(members, susan):
    before = susan.password_hash

    code, text = members("password", "susan", keys="short\nshort\n")

    assert code == 1 and "between 8 and 256" in text
    assert susan.password_hash == before
