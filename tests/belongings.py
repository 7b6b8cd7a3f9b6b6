"""What of susan's an address can name: for each argument in the URL map, something real of hers, made anew."""

import hashlib
import io
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import uuid6
from flask import Flask
from werkzeug.routing import Rule

from app import models
from app.adapters import storage
from app.engine import outbox
from app.extensions import db
from app.services import avatars, confirmations, letter_choices, letters, mailboxes, messages, posts, resets
from tests.cast import newcomer

POINT = b64decode("R0lGODdhAQABAIEAAAAAAAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw==")  # a GIF of one black pixel
SECRET = "a-secret-of-susans"


class Belongings:
    """`address(rule)` leads to things of susan's that nobody has touched yet. What is private in them says SECRET."""

    def __init__(self, app: Flask, susan: models.User) -> None:
        self.app = app
        self.susan = susan
        self.number = 0
        self.makers: dict[str, Callable[[], object]] = {
            "posts.id": self.post,
            "marks.id": self.post,
            "activity_id": self.activity,
            "form": lambda: "atom",
            "tag": lambda: "garden",
            "conversation_id": self.conversation,
            "username": lambda: susan.username,
            "mark": lambda: avatars.fingerprint(susan.username),
            "picture": self.picture,
            "side": lambda: avatars.SMALL,
            "run_id": lambda: self.run().id,
            "runs.name": lambda: f"{SECRET}.txt",
            "tasks.name": lambda: "example_long_task",
            "admin_schedules.name": lambda: "every_day",
            "upload_id": self.upload,
            "letter_id": self.letter,
            "kind": lambda: "digest",
            "resets.token": lambda: resets.link_token(susan),
            "mailboxes.token": lambda: mailboxes.link_token(susan, f"{SECRET}@example.com"),
            "confirmations.token": lambda: confirmations.link_token(susan),
            "letters.token": lambda: letter_choices.unsubscribe_token(susan),
            "path": lambda: "css/app.css",
            "filename": lambda: "css/bootstrap.min.css",
        }

    def address(self, rule: Rule) -> str:
        """Raises KeyError for an argument that nothing is known for."""
        blueprint = rule.endpoint.rpartition(".")[0]
        makers = {name: self.makers.get(f"{blueprint}.{name}") or self.makers[name] for name in rule.arguments}
        values = {name: make() for name, make in makers.items()}
        db.session.commit()
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        return built[1]

    def post(self) -> int:
        post = posts.publish(self.susan, "Words for everybody")
        db.session.flush()
        return post.id

    def activity(self) -> int:
        actor = self.someone()
        line = models.Activity(user_id=self.susan.id, kind="follow", key=actor.username, about=actor.username)
        line.actor_id = actor.id
        db.session.add(line)
        db.session.flush()
        return line.id

    def conversation(self) -> int:
        gone = self.someone()
        begun = messages.send(self.susan, gone, SECRET).conversation_id
        db.session.delete(gone)
        db.session.flush()
        return begun

    def someone(self) -> models.User:
        """Whoever did something to her, made anew."""
        self.number += 1
        one = newcomer(f"someone{self.number}")
        db.session.add(one)
        db.session.flush()
        return one

    def picture(self) -> str | None:
        """The mark of one that she handed in."""
        avatars.keep(self.susan, io.BytesIO(POINT))
        return self.susan.avatar_mark

    def run(self) -> models.Run:
        """A failed one, which can be retried, with a file."""
        run = outbox.request("slow", by=self.susan)
        run.state, run.active_key, run.text = "failed", None, SECRET
        run.error, run.error_trace, run.reason = SECRET, SECRET, "error"
        key = f"runs/{run.id}/{SECRET}.txt"
        file = Path(self.app.instance_path) / run.id
        file.write_text(SECRET)
        self._storage().put(key, file)
        sha256 = hashlib.sha256(SECRET.encode()).hexdigest()
        db.session.add(
            models.Artifact(run_id=run.id, name=f"{SECRET}.txt", storage_key=key, size_bytes=len(SECRET), sha256=sha256)
        )
        return run

    def upload(self) -> str:
        """A file whose scan is asked for."""
        upload_id = str(uuid6.uuid7())
        run = self.run()
        key = f"uploads/{self.susan.id}/{upload_id}/upload"
        db.session.add(
            models.Upload(
                id=upload_id, user_id=self.susan.id, filename=SECRET, size_bytes=1, storage_key=key, run_id=run.id
            )
        )
        return upload_id

    def letter(self) -> int:
        letters.trial(self.susan)
        db.session.flush()
        letter = db.session.scalars(db.select(models.Letter).order_by(models.Letter.id.desc())).first()
        assert letter is not None
        letter.subject = letter.text = SECRET
        return letter.id

    def _storage(self) -> storage.Storage:
        return storage.open_storage(self.app.config["STORAGE_URL"])
