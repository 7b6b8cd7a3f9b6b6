from app.extensions import db
from app.models import Post
from app.services import accounts, seeding

SMALL = ["seed", "--users", "5", "--posts", "40", "--follows", "2", "--seed", "3"]


def test_seed_tells_what_it_wrote_and_refuses_to_write_it_twice(app):
    runner = app.test_cli_runner()

    first, second = runner.invoke(args=SMALL), runner.invoke(args=SMALL)

    assert first.exit_code == 0 and "5 members and 40 posts" in first.output
    assert second.exit_code == 1 and "give another --seed" in second.output
    assert db.session.scalar(db.select(db.func.count(Post.id))) == 40
    assert accounts.authenticate("member_3_4", seeding.PASSWORD)


def test_nobody_signs_in_as_a_seeded_member_in_production(app):
    app.config["MICROBLOG_ENV"] = "production"

    app.test_cli_runner().invoke(args=SMALL)

    assert accounts.authenticate("member_3_4", seeding.PASSWORD) is None
