import io

import pytest
from sqlalchemy import func, select

from app.adapters.storage import open_storage
from app.engine import outbox
from app.errors import Conflict, Invalid, NotFound, TooMany
from app.extensions import db
from app.models import Run
from app.services.imports import limits, uploads
from tests.archives import POSTS, as_json, as_zip, many
from tests.engine_fixtures import fresh
from tests.importing import hand_in, written


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"posts": []}', "no posts in this file"),
        (b'{"posts": [{"body": "x", "timestamp": "2020-01-01"},]}', "byte 52"),
        (as_zip(("outbox.json", b"{}")), "No posts.json in it; found: outbox.json"),
        (as_zip(("posts.json", as_json(*many(300))))[:-40], "Fetch it again"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_and_nothing_is_written(susan, worker, content, words):
    upload = hand_in(susan, content, worker)
    now = uploads.standing(upload)

    assert (now.state, now.run.state) == ("refused", "failed")
    assert words in now.run.error and now.run.error_reference is None
    assert written(susan) == []
    with pytest.raises(Conflict):
        uploads.confirm(susan, upload)


def test_an_empty_file_is_refused_at_once_and_not_kept(app, susan):
    with pytest.raises(Invalid):
        uploads.receive(susan, io.BytesIO(b""), "posts.json")

    assert files_kept(app) == []


def test_a_file_over_the_limit_is_refused_and_not_kept(app, susan, monkeypatch):
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 100)

    with pytest.raises(Invalid):
        uploads.receive(susan, io.BytesIO(b"x" * 101), "posts.json")

    assert files_kept(app) == []


def test_a_file_over_the_quota_is_not_kept(app, susan, monkeypatch):
    def too_many(*_args, **_more):
        raise TooMany("Later.", 60)

    monkeypatch.setattr(outbox, "request", too_many)
    with pytest.raises(TooMany):
        uploads.receive(susan, io.BytesIO(as_json(*POSTS)), "posts.json")

    assert files_kept(app) == []


def test_discarded_file_is_gone(app, susan, worker):
    upload = hand_in(susan, as_json(*POSTS), worker)
    assert len(files_kept(app)) == 1

    uploads.discard(susan, upload)
    db.session.commit()

    assert files_kept(app) == [] and uploads.standings(susan) == []


def test_file_discarded_while_it_waits_is_not_scanned(susan, worker):
    upload = uploads.receive(susan, io.BytesIO(as_json(*POSTS)), "posts.json")
    db.session.commit()

    uploads.discard(susan, upload)
    worker.work()

    assert db.session.scalar(select(Run.state)) == "cancelled"


def test_only_the_newest_uploads_are_kept(app, susan, worker):
    for _ in range(uploads.KEPT + 2):
        hand_in(susan, as_json(*POSTS), worker)

    assert len(uploads.standings(susan)) == len(files_kept(app)) == uploads.KEPT


def test_confirming_twice_is_one_run(susan, worker):
    upload = hand_in(susan, as_json(*POSTS), worker)

    assert uploads.confirm(susan, upload).id == uploads.confirm(susan, upload).id
    worker.work()
    uploads.confirm(susan, upload)

    assert db.session.scalar(select(func.count()).where(Run.task == "import_posts")) == 1


def test_who_confirms_has_seen_what_the_scan_found(susan, worker):
    upload = hand_in(susan, as_json(*POSTS), worker)
    scan = fresh(upload.run_id)
    assert scan.seen_at is None

    uploads.confirm(susan, upload)
    db.session.commit()

    assert fresh(scan).seen_at is not None


def test_one_import_at_a_time(susan, worker):
    one, other = (hand_in(susan, as_json(*POSTS), worker) for _ in range(2))
    uploads.confirm(susan, one)
    db.session.commit()

    with pytest.raises(Conflict):
        uploads.confirm(susan, other)
    with pytest.raises(Conflict):
        uploads.undo(susan, one)
    with pytest.raises(Conflict):
        uploads.discard(susan, one)


def test_anothers_upload_is_not_found(susan, mary, worker):
    upload = hand_in(susan, as_json(*POSTS), worker)

    with pytest.raises(NotFound):
        uploads.find(mary, upload.id)
    run = outbox.request("import_posts", by=mary, args={"upload_id": upload.id})
    worker.work()
    assert fresh(run).state == "failed" and written(mary) == []


def files_kept(app):
    root = open_storage(app.config["STORAGE_URL"]).root
    return [path for path in root.rglob("*") if path.is_file() and "uploads" in str(path)]
