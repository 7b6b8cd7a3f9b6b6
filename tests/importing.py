"""Steps that tests of imports share: hand a file in, bring it in, take it back, and look at the member's posts."""

import io

from sqlalchemy import func, select

from app.extensions import db
from app.models import Post, Upload, User
from app.services.imports import uploads
from tests.engine_fixtures import fresh


def hand_in(member, content, worker, name="posts.json"):
    """Uploaded and scanned."""
    upload = uploads.receive(member, io.BytesIO(content), name)
    worker.work()
    return db.session.get(Upload, upload.id)


def bring_in(member, content, worker):
    """Uploaded, scanned and imported; the import's run."""
    upload = hand_in(member, content, worker)
    run = uploads.confirm(member, upload)
    worker.work()
    return fresh(run)


def take_back(member, run, worker):
    undo = uploads.undo(member, uploads.find(member, run.args["upload_id"]))
    worker.work()
    return fresh(undo)


def written(member):
    """(words, date) of all the member's posts, oldest first."""
    query = select(Post.body, Post.created_at).where(Post.author_id == member.id)
    return [tuple(row) for row in db.session.execute(query.order_by(Post.created_at, Post.id))]


def post_count(member):
    """The counter and the truth."""
    truth = select(func.count()).where(Post.author_id == User.id).correlate(User).scalar_subquery()
    return tuple(db.session.execute(select(User.post_count, truth).where(User.id == member.id)).one())
