import io

import pytest

from app.extensions import db
from app.models import Run, Upload
from app.services.imports import limits
from tests.archives import POSTS, as_json, many
from tests.importing import bring_in, hand_in, post_count
from tests.visitor import Visitor

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def visitor(app, susan):
    return Visitor(app).signed_in(susan)


def upload(visitor, content, name="posts.json"):
    return visitor.post("/imports", headers=BROWSER, file=(io.BytesIO(content), name))


def page(visitor, response):
    return visitor.get(response.location).get_data(as_text=True)


def test_start_page_tells_the_limits_and_that_there_is_nothing_yet(visitor):
    text = visitor.get("/imports").get_data(as_text=True)

    for words in ("2 GB", "1,000,000 posts", "25,000 characters", "No imports yet"):
        assert words in text
    assert 'href="/imports"' in visitor.get("/tasks").get_data(as_text=True)


def test_a_whole_import_without_javascript(visitor, susan, worker):
    answer = upload(visitor, as_json(*POSTS, {"body": "", "timestamp": "2021"}), "C:\\my <old> posts.json")
    assert answer.status_code == 303
    assert "Discard the file" in page(visitor, answer)

    worker.work()
    preview = page(visitor, answer)
    for words in ("my &lt;old&gt; posts.json", "What is in it", "Naïve café ☕", "It has no words.", "Import 3 posts"):
        assert words in preview
    assert post_count(susan) == (0, 0)

    assert visitor.post(f"{answer.location}/confirm", headers=BROWSER).status_code == 303
    worker.work()
    after = page(visitor, answer)
    assert "Undo this import" in after and "Partly done" in after
    assert post_count(susan) == (3, 3)

    visitor.post(f"{answer.location}/undo", headers=BROWSER)
    worker.work()
    assert "Import 3 posts" in page(visitor, answer)
    assert post_count(susan) == (0, 0)

    visitor.post(f"{answer.location}/discard", headers=BROWSER)
    assert visitor.get(answer.location).status_code == 404


def test_a_file_with_nothing_new_offers_no_import(visitor, susan, worker):
    bring_in(susan, as_json(*POSTS), worker)
    answer = upload(visitor, as_json(*POSTS))
    worker.work()

    text = page(visitor, answer)

    assert "There is nothing new in it." in text and "/confirm" not in text


def test_a_refused_file_says_why(visitor, worker):
    answer = upload(visitor, b"<html>")
    worker.work()

    text = page(visitor, answer)

    assert "neither a zip nor JSON" in text and "Hand in another file" in text


@pytest.mark.parametrize(("file", "words"), [(None, "Choose a file first."), (b"", "This file is empty.")])
def test_no_file_or_an_empty_one_is_said_beside_the_field(visitor, file, words):
    answer = upload(visitor, file) if file is not None else visitor.post("/imports", headers=BROWSER)

    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_a_file_above_the_sites_limit_may_be_handed_in_here_alone(app, visitor):
    app.config["MAX_CONTENT_LENGTH"] = 10_000
    large = as_json(*many(1000))

    assert upload(visitor, large).status_code == 303
    assert visitor.post("/posts", headers=BROWSER, body="x" * 20_000).status_code == 413
    assert upload(Visitor(app), large).status_code in (302, 401, 413)


def test_a_file_above_this_routes_limit_is_refused(monkeypatch, visitor):
    monkeypatch.setattr(limits, "UPLOAD_BYTES", 100)

    assert upload(visitor, as_json(*many(2000))).status_code == 413


def test_the_upload_asks_for_the_pages_token(app, visitor):
    app.config["WTF_CSRF_ENABLED"] = True

    assert upload(visitor, as_json(*POSTS)).status_code == 403
    visitor.get("/imports")
    assert upload(visitor, as_json(*POSTS)).status_code == 303


def test_what_the_state_forbids_is_said_on_the_page(visitor, susan):
    answer = upload(visitor, as_json(*POSTS))

    refusal = visitor.post(f"{answer.location}/confirm", headers=BROWSER)

    assert refusal.status_code == 409
    assert "nothing to import here, or not yet" in refusal.get_data(as_text=True)


@pytest.mark.parametrize("action", ["", "/confirm", "/undo", "/discard"])
def test_anothers_upload_is_not_there(app, susan, mary, worker, action):
    theirs = hand_in(susan, as_json(*POSTS), worker)
    stranger = Visitor(app).signed_in(mary)
    path = f"/imports/{theirs.id}{action}"

    assert (stranger.post(path) if action else stranger.get(path)).status_code == 404
    assert db.session.get(Upload, theirs.id) is not None


def test_an_import_can_be_undone_after_its_runs_are_tidied_away(visitor, susan, worker):
    run = bring_in(susan, as_json(*POSTS), worker)
    path = f"/imports/{run.args['upload_id']}"
    db.session.execute(db.delete(Run))
    db.session.commit()

    assert "Undo this import" in visitor.get(path).get_data(as_text=True)
    visitor.post(f"{path}/undo", headers=BROWSER)
    worker.work()
    assert post_count(susan) == (0, 0)


def test_samples_are_offered_with_a_field_for_their_number(visitor):
    text = visitor.get("/tasks").get_data(as_text=True)
    assert 'name="count"' in text and 'value="100000"' in text

    refusal = visitor.post("/tasks/make_samples", headers=BROWSER, count="0")
    assert refusal.status_code == 422 and "From 1 to 1,000,000 posts." in refusal.get_data(as_text=True)
    assert visitor.post("/tasks/make_samples", headers=BROWSER, count="5").status_code == 303


def test_only_an_admin_recounts(app, visitor, david):
    assert visitor.post("/tasks/recount", headers=BROWSER).status_code == 403
    assert Visitor(app).signed_in(david).post("/tasks/recount", headers=BROWSER).status_code == 303
