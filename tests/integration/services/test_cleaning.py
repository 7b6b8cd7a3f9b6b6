"""The hourly cleaning: what is over goes, with all that belongs to it; what anybody still needs stays."""

import os
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.adapters.storage import open_storage
from app.engine import notices, outbox, schedules
from app.extensions import db
from app.models import Activity, Artifact, Letter, Notification, Post, PostTag, Run, RunEvent, ScheduleDue, Upload
from app.models.activity import FOLLOW
from app.services import activities, cleaning, letters, posts, resets
from app.services.imports import uploads
from tests.archives import POSTS, as_json
from tests.engine_fixtures import fresh
from tests.importing import hand_in, written

LONG_AGO = timedelta(days=40)


@pytest.fixture
def clean(worker):
    """Clean up, and say what was removed."""

    def clean() -> dict[str, int]:
        run = outbox.request("clean_up", by=None)
        worker.work()
        assert fresh(run).state == "succeeded", run.error_trace
        return run.saved

    return clean


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def expire(run: Run) -> None:
    fresh(run).expires_at = clock.now() - timedelta(seconds=1)
    db.session.commit()


def test_a_run_past_its_days_goes_with_all_that_belongs_to_it(app, susan, worker, clean):
    run, kept = outbox.request("export_posts", by=susan), outbox.request("example_long_task", by=susan)
    kept.state = "succeeded"
    worker.work()
    key = db.session.scalars(select(Artifact.storage_key)).one()
    assert clean().get("Runs", 0) == 0

    expire(run)
    run_id = run.id

    assert clean()["Runs"] == 1
    for model, place in ((Run, Run.id), (RunEvent, RunEvent.run_id), (Artifact, Artifact.run_id)):
        assert db.session.scalar(select(func.count()).select_from(model).where(place == run_id)) == 0
    assert db.session.get(Notification, (susan.id, notices.key_of(run_id))) is None
    assert db.session.get(Run, kept.id) is not None
    with pytest.raises(FileNotFoundError):
        open_storage(app.config["STORAGE_URL"]).open(key)


def test_a_run_that_is_retried_in_this_moment_stays(app, susan, worker):
    run = outbox.request("export_posts", by=susan)
    worker.work()
    expire(run)
    found = db.session.execute(cleaning.runs_over()).one()
    fresh(run).expires_at = None
    db.session.commit()

    assert cleaning.remove_run(found) == 0
    assert db.session.scalar(select(func.count()).select_from(Artifact)) == 1


def test_the_newest_success_of_a_task_that_starts_by_the_clock_stays(susan, worker, clean):
    runs = [outbox.request("every_day", by=None) for _ in range(3)]
    worker.work()
    for run in runs:
        expire(run)

    assert clean()["Runs"] == 2
    assert db.session.get(Run, runs[-1].id) is not None


def test_no_address_stays_behind_of_who_forgot_a_password(worker, clean):
    resets.ask("nobody@example.com")
    worker.work()
    expire(db.session.scalars(select(Run).where(Run.task == "send_reset")).one())

    assert clean()["Runs"] == 1
    assert db.session.scalar(select(Run.id).where(Run.task == "send_reset")) is None


def test_an_upload_goes_with_the_last_run_that_looked_at_it(app, susan, john, worker, clean):
    looked_at, imported = hand_in(susan, as_json(*POSTS), worker), hand_in(john, as_json(*POSTS), worker)
    assert clean().get("Imports", 0) == 0

    imported.import_run_id = imported.run_id
    db.session.commit()
    for upload in (looked_at, imported):
        expire(db.session.get(Run, upload.run_id))
    key, gone_id, kept_id = looked_at.storage_key, looked_at.id, imported.id

    assert clean() == {"Runs": 2, "Imports": 1, "Imported files": 1}
    assert db.session.get(Upload, gone_id) is None
    assert db.session.get(Upload, kept_id) is not None
    with pytest.raises(FileNotFoundError):
        open_storage(app.config["STORAGE_URL"]).open(key)


def test_an_import_whose_file_is_gone_is_undone_and_not_repeated(app, susan, john, worker, clean):
    upload, other = hand_in(susan, as_json(*POSTS), worker), hand_in(john, as_json(*POSTS), worker)
    upload_id, key = upload.id, upload.storage_key
    uploads.confirm(susan, upload)
    worker.work()
    for run in db.session.scalars(select(Run).where(Run.user_id == susan.id)):
        expire(run)
    assert clean()["Imported files"] == 1
    with pytest.raises(FileNotFoundError):
        open_storage(app.config["STORAGE_URL"]).open(key)

    uploads.undo(susan, db.session.get(Upload, upload_id, populate_existing=True))
    worker.work()
    assert written(susan) == []
    again = uploads.confirm(susan, db.session.get(Upload, upload_id, populate_existing=True))
    worker.work()

    assert (fresh(again).state, again.error) == ("failed", "The file is no longer kept. Upload it again.")
    uploads.discard(susan, db.session.get(Upload, upload_id, populate_existing=True))
    db.session.commit()
    assert open_storage(app.config["STORAGE_URL"]).open(other.storage_key).read(), "nobody else's file went with it"


def test_what_a_dead_process_left_unfinished_goes_after_a_day(app, susan, clean):
    failed, cancelled = outbox.request("export_posts", by=susan), outbox.request("slow", by=susan)
    failed.state, cancelled.state, failed.active_key = "failed", "cancelled", None
    db.session.commit()
    storage = open_storage(app.config["STORAGE_URL"])
    folders = {name: storage.parts(name) for name in (failed.id, cancelled.id, "upload-dead", "upload-in-hand")}
    for name, folder in folders.items():
        (folder / "part").write_text("half")
        if name != "upload-in-hand":
            os.utime(folder, (0, (clock.now() - LONG_AGO).timestamp()))

    assert clean()["Unfinished files"] == 2
    assert {name for name, folder in folders.items() if folder.exists()} == {failed.id, "upload-in-hand"}


def test_plain_progress_goes_after_a_week_and_other_notifications_stay(susan, john, clean):
    for member in (susan, john):
        member.add_notification("task_progress", {"step": 3, "total": 10})
        member.add_notification("unread_message_count", 3)
    db.session.commit()
    db.session.query(Notification).where(Notification.user_id == susan.id).update({"written_at": long_ago()})
    db.session.commit()

    assert clean()["Old progress"] == 1
    assert db.session.get(Notification, (susan.id, "task_progress")) is None
    assert db.session.get(Notification, (susan.id, "unread_message_count")).data == 3
    assert db.session.get(Notification, (john.id, "task_progress")) is not None


def test_what_members_were_told_goes_after_three_months_and_the_badge_follows(susan, john, mary, david, clean):
    for actor in (john, mary, david):
        activities.tell(susan.id, FOLLOW, actor_id=actor.id)
    db.session.commit()
    old = Activity.actor_id.in_((john.id, mary.id))
    db.session.execute(update(Activity).where(old).values(created_at=clock.now() - activities.KEPT - LONG_AGO))
    db.session.execute(update(Activity).where(Activity.actor_id == john.id).values(read_at=clock.now()))
    activities.count_again(susan.id)
    db.session.commit()
    assert db.session.get(Notification, (susan.id, activities.UNREAD)).data == 2

    assert clean()["Old notifications"] == 2

    db.session.expire_all()
    assert db.session.scalars(select(Activity.actor_id)).all() == [david.id]
    assert db.session.get(Notification, (susan.id, activities.UNREAD)).data == 1


def test_due_times_go_but_for_the_newest_of_each_task(app, clean):
    for days in range(40, 35, -1):
        schedules.ask_for_due(clock.now() - timedelta(days=days))
    newest = db.session.scalar(select(func.max(ScheduleDue.due_at)).where(ScheduleDue.task == "every_day"))

    assert clean()["Due times"] > 0

    assert list(db.session.scalars(select(ScheduleDue.due_at).where(ScheduleDue.task == "every_day"))) == [newest]


def test_letters_that_went_or_are_dead_go_after_a_month(susan, clean):
    ages = {"sent": long_ago(), "dead": long_ago(), "waiting": long_ago(), "new": clock.now()}
    for key, written_at in ages.items():
        state = key if key != "new" else "sent"
        letter = letters.draft("trial", susan, key)
        letters.post([letter | {"state": state, "created_at": written_at, "next_at": clock.now() + LONG_AGO}])

    assert clean()["Letters"] == 2

    assert set(db.session.scalars(select(Letter.key))) == {"waiting", "new"}


def test_posts_go_once_their_authors_cannot_have_them_back(susan, clean):
    deleted, just_now, kept = (posts.publish(susan, f"#garden {number}") for number in range(3))
    for post in (deleted, just_now):
        posts.withdraw(post)
    deleted.deleted_at = clock.now() - timedelta(minutes=1)
    db.session.commit()

    assert clean()["Deleted posts"] == 1

    assert set(db.session.scalars(select(Post.id))) == {just_now.id, kept.id}
    assert set(db.session.scalars(select(PostTag.post_id))) == {just_now.id, kept.id}


def test_a_second_cleaning_finds_nothing(susan, worker, clean):
    outbox.request("export_posts", by=susan)
    clean()

    assert set(clean().values()) <= {0}
    newest = db.session.scalars(select(Run).where(Run.task == "clean_up").order_by(Run.id.desc())).first()
    assert newest.result_text == "There was nothing to remove."


def long_ago() -> datetime:
    return clock.now() - LONG_AGO
