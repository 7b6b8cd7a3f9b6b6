"""An export of 100,000 posts against a bare script that reads the same rows and writes the same bytes; its memory."""

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from sqlalchemy import select

from app.engine import artifacts, outbox, runner
from app.extensions import db
from app.models import Artifact, Post
from app.services import exports
from benchmarks import house

POSTS = 100_000


def main() -> None:
    """Measure and print."""
    with house.open_house(users=1, posts=POSTS, follows=0):
        ratios = []
        for _ in range(5):
            bare, whole = bare_export()
            ours, run_id = _run()
            assert _bytes(run_id) == whole, "the two wrote different bytes"
            ratios.append(bare / ours)
        house.say("export of 100,000 posts, rate of the bare script's", house.percentile(ratios, 0.5), ">= 0.7")
        house.say("posts a second", POSTS / ours, unit="/s")
    small, large = _memory(10_000), _memory(POSTS)
    house.say("peak memory at 10,000 posts", small, unit="MB")
    house.say("peak memory at 100,000 posts", large, unit="MB")
    house.say("more", large - small, "within 10", "MB")


def bare_export() -> tuple[float, bytes]:
    """Seconds and bytes of a script with no run, no cursor, no progress."""
    began = time.perf_counter()
    author = house.first_member()
    with tempfile.TemporaryDirectory() as folder:
        text, data = Path(folder) / "posts.txt", Path(folder) / "posts.json"
        with text.open("wb") as text_file, data.open("wb") as data_file:
            opening = exports.JSON_OPENING
            rows = db.session.execute(exports.posts_of(author).order_by(Post.id).execution_options(yield_per=1000))
            for post in rows:
                text_file.write(exports.as_text(post.body, post.created_at).encode())
                data_file.write((opening + exports.as_json(post.body, post.created_at)).encode())
                opening = ",\n"
            data_file.write(exports.JSON_CLOSING.encode())
        whole = Path(folder) / "posts.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for file in (text, data):
                entry = zipfile.ZipInfo(file.name, artifacts.FIXED_DATE)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                entry.file_size = file.stat().st_size
                with archive.open(entry, "w") as target, file.open("rb") as source:
                    while chunk := source.read(artifacts.CHUNK_BYTES):
                        target.write(chunk)
        seconds = time.perf_counter() - began
        return seconds, whole.read_bytes()


def _run() -> tuple[float, str]:
    db.session.rollback()
    run = outbox.request("export_posts", by=house.first_member())
    outbox.keep_from_sending(run)
    run_id = run.id
    db.session.commit()
    began = time.perf_counter()
    runner.perform(run_id, 0)
    return time.perf_counter() - began, run_id


def _bytes(run_id: str) -> bytes:
    key = db.session.scalars(select(Artifact.storage_key).where(Artifact.run_id == run_id)).one()
    with artifacts.storage().open(key) as file:
        return file.read()


def _memory(posts: int) -> float:
    """Peak memory in megabytes of a process that does one export."""
    command = [sys.executable, "-m", "benchmarks.export", "memory", str(posts)]
    return float(json.loads(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()[-1]))


def memory(posts: int) -> None:
    """In a process of its own, with the rows planted by another: print the peak of one export."""
    if sys.argv[-1] != "planted":
        with house.open_house(users=1, posts=posts, follows=0):
            command = [sys.executable, "-m", "benchmarks.export", "memory", str(posts), "planted"]
            print(subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip())
        return
    from app import create_app

    with create_app().app_context():
        _run()
        print(house.peak_memory_megabytes())


if __name__ == "__main__":
    memory(int(sys.argv[2])) if sys.argv[1:2] == ["memory"] else main()
