import pytest
from sqlalchemy import select

from app.adapters.storage import open_storage
from app.engine import control, outbox
from app.extensions import db
from app.models import Activity, Artifact, Notification, RunFailure
from app.services import posts
from app.services.imports import limits, uploads
from tests.archives import POSTS, as_json, as_zip, many
from tests.engine_fixtures import fresh
from tests.importing import bring_in, hand_in, post_count, take_back, written

BAD = [
    {"body": "", "timestamp": "2021-05-01T10:00:00Z"},
    {"body": "When?"},
    {"body": "x" * 25_001, "timestamp": "2021-05-01"},
]


def test_scan_writes_nothing_but_its_findings(susan, worker):
    upload = hand_in(susan, as_json(*POSTS, *BAD), worker)
    found = uploads.standing(upload).findings

    assert uploads.standing(upload).state == "ready"
    assert (found.total, found.new, found.here, found.bad) == (6, 3, 0, 3)
    assert [moment.isoformat()[:10] for moment in found.span] == ["2021-05-01", "2021-05-02"]
    assert [words for _, words in found.shown] == ["Hello", "Naïve café ☕", "From the east"]
    assert [number for number, _ in found.listed] == [4, 5, 6]
    assert written(susan) == [] and post_count(susan) == (0, 0)


def test_import_keeps_words_and_dates_and_counts_each_post_once(susan, worker):
    run = bring_in(susan, as_json(*POSTS), worker)

    assert (run.state, run.ok_count, run.total, run.result_text) == ("succeeded", 3, 3, "3 posts imported.")
    assert [(body, at.isoformat()) for body, at in written(susan)] == [
        ("Hello", "2021-05-01T10:00:00+00:00"),
        ("Naïve café ☕", "2021-05-02T10:00:00.123456+00:00"),
        ("From the east", "2021-05-02T20:00:00+00:00"),
    ]
    assert post_count(susan) == (3, 3)


@pytest.mark.parametrize("again", [as_json(*POSTS), as_zip(("posts.json", as_json(*POSTS)))], ids=["json", "zip"])
def test_importing_twice_adds_nothing(susan, worker, again):
    bring_in(susan, as_json(*POSTS), worker)
    before = written(susan)

    upload = hand_in(susan, again, worker)
    run = uploads.confirm(susan, upload)
    worker.work()

    assert uploads.standing(upload).findings.here == 3
    assert (fresh(run).state, run.skipped_count, run.ok_count) == ("succeeded", 3, 0)
    assert written(susan) == before
    assert post_count(susan) == (3, 3)


def test_identical_posts_of_one_second_all_come_in_once(susan, worker):
    bring_in(susan, as_json(POSTS[0], POSTS[0], POSTS[0]), worker)
    run = bring_in(susan, as_json(POSTS[0], POSTS[1], POSTS[0], POSTS[0]), worker)

    assert (run.ok_count, run.skipped_count) == (1, 3)
    assert post_count(susan) == (4, 4)


def test_bad_rows_fail_alone_and_only_they_are_tried_again(susan, worker):
    run = bring_in(susan, as_json(POSTS[0], *BAD, POSTS[1]), worker)

    assert (run.state, run.ok_count, run.failed_count) == ("partial", 2, 3)
    failures = db.session.execute(select(RunFailure.key, RunFailure.reason).order_by(RunFailure.key)).all()
    assert [tuple(row) for row in failures] == [
        ("row 2", "It has no words."),
        ("row 3", "It has no date."),
        ("row 4", "It is longer than 25,000 characters, and we cut nothing."),
    ]

    again = control.retry(run, by=susan)
    worker.work()

    assert (fresh(again).state, again.total, again.failed_count) == ("partial", 3, 3)
    assert post_count(susan) == (2, 2)


def test_rows_that_failed_can_come_in_with_the_retry(susan, worker, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(limits, "POST_CHARACTERS", 10)
        run = bring_in(susan, as_json(POSTS[0], POSTS[1], POSTS[2]), worker)
    assert (run.state, run.failed_count) == ("partial", 2)

    again = control.retry(run, by=susan)
    worker.work()

    assert (fresh(again).state, again.ok_count) == ("succeeded", 2)
    assert post_count(susan) == (3, 3)
    assert take_back(susan, run, worker).ok_count == 3


def test_export_comes_back_into_an_empty_account_as_it_was(app, susan, mary, worker):
    for number in range(30):
        posts.publish(susan, f"Number {number % 7}\n– naïve “café” ☕ 😀 \\u0041 {number // 7}")
    bring_in(susan, as_json(*POSTS), worker)
    outbox.request("export_posts", by=susan)
    worker.work()
    artifact = db.session.scalars(select(Artifact)).one()
    with open_storage(app.config["STORAGE_URL"]).open(artifact.storage_key) as file:
        archive = file.read()

    run = bring_in(mary, archive, worker)

    assert (run.state, run.ok_count) == ("succeeded", 33)
    assert [(body, to_millisecond(at)) for body, at in written(mary)] == [
        (body, to_millisecond(at)) for body, at in written(susan)
    ]
    own = bring_in(susan, archive, worker)
    assert (own.ok_count, own.skipped_count) == (0, 33)
    assert post_count(susan) == (33, 33)


def to_millisecond(moment):
    return moment.isoformat(timespec="milliseconds")


def test_undo_takes_back_what_came_in_and_no_more(susan, john, worker):
    posts.publish(susan, "My own")
    bring_in(john, as_json(*POSTS), worker)
    run = bring_in(susan, as_json(*many(1200)), worker)
    other = bring_in(susan, as_json(*POSTS), worker)
    assert post_count(susan) == (1204, 1204)

    undo = take_back(susan, run, worker)

    assert (undo.state, undo.ok_count) == ("succeeded", 1200)
    assert post_count(susan) == (4, 4) and post_count(john) == (3, 3)
    assert take_back(susan, other, worker).ok_count == 3
    assert [body for body, _ in written(susan)] == ["My own"]


def test_after_an_undo_the_file_can_be_imported_again(susan, worker):
    run = bring_in(susan, as_json(*POSTS), worker)
    take_back(susan, run, worker)
    upload = uploads.find(susan, run.args["upload_id"])
    assert uploads.standing(upload).state == "ready"

    uploads.confirm(susan, upload)
    worker.work()

    assert post_count(susan) == (3, 3)


def test_undo_run_again_with_nothing_left_touches_no_post_of_ones_own(susan, worker):
    posts.publish(susan, "My own")
    run = bring_in(susan, as_json(*POSTS), worker)
    take_back(susan, run, worker)

    outbox.request("undo_import", by=susan, args=run.args)
    worker.work()

    assert [body for body, _ in written(susan)] == ["My own"]


def test_a_cancelled_import_keeps_its_posts_and_offers_the_undo(susan, worker):
    upload = hand_in(susan, as_json(*POSTS), worker)
    run = uploads.confirm(susan, upload)
    control.cancel(run, by=susan)
    db.session.commit()

    assert uploads.standing(upload).state == "imported"
    again = control.retry(run, by=susan)
    worker.work()
    assert (fresh(again).state, post_count(susan)) == ("succeeded", (3, 3))
    assert take_back(susan, run, worker).ok_count == 3


def test_import_is_quiet(susan, john, worker):
    bring_in(susan, as_json({"body": "hello @john", "timestamp": "2021-05-01T10:00:00Z"}), worker)

    assert set(db.session.scalars(select(Notification.user_id))) == {susan.id}
    assert set(db.session.scalars(select(Activity.kind))) == {"run"}, "told how it ended, and of nothing else"


def test_import_of_thousands_is_written_in_batches(susan, worker):
    run = bring_in(susan, as_json(*many(3000)), worker)

    assert (run.state, run.ok_count, run.percent) == ("succeeded", 3000, 100)
    assert post_count(susan) == (3000, 3000)
