"""Disks that are full and databases that take no writes: a run waits, says why, and goes on; nothing spins."""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import rq
import sqlalchemy
from sqlalchemy import func, select

from app.adapters.storage import open_storage
from app.extensions import db
from app.models import Artifact, Post, RunEvent, User
from tests.engine_fixtures import end_back_off, fresh, numbers_written, start, timeline, wait_for
from tests.processes import PATIENCE_SECONDS, is_alive

pytestmark = pytest.mark.faults

POSTS = 30_000
DISK_BYTES = 32 * 1024**2


class SmallDisk:
    """A file system of a few megabytes in memory, and a ballast to fill it."""

    def __init__(self, folder):
        self.folder = folder
        self.ballast = folder / "ballast"

    def leave(self, bytes_left):
        """Fill it up to so many bytes."""
        self.make_room()
        found = os.statvfs(self.folder)
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(found.f_bavail * found.f_frsize - bytes_left, 1))

    def fill(self):
        """Fill it to the last block."""
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def make_room(self):
        self.ballast.unlink(missing_ok=True)


@pytest.fixture
def small_disk():
    folder = Path(tempfile.mkdtemp(prefix="microblog-disk-"))  # where the database's own user can get too
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        folder.rmdir()
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"No file system to fill: {done.stderr}")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def write_posts(author):
    rows = [{"author_id": author.id, "body": f"Post {number}, naïve café ☕"} for number in range(POSTS)]
    db.session.execute(db.insert(Post), rows)
    db.session.commit()


def archive_of(app, run):
    artifact = db.session.scalars(select(Artifact).where(Artifact.run_id == run.id)).one()
    return open_storage(app.config["STORAGE_URL"]).open(artifact.storage_key)


def digest(app, run):
    with archive_of(app, run) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sizes(app, run):
    """The bytes of what is in the archive, and of the archive."""
    with archive_of(app, run) as file, zipfile.ZipFile(file) as archive:
        return sum(entry.file_size for entry in archive.infolist()), file.seek(0, os.SEEK_END)


def wait_until_gone(folder):
    """What a run goes on from is removed just after it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while folder.exists():
        assert time.monotonic() < until, f"{folder} is still there"
        time.sleep(0.02)


def is_sqlite():
    return db.engine.dialect.name == "sqlite"


@pytest.fixture
def files_on_a_small_disk(small_disk, environment):
    """Ask for it before `app`. A run that meets no space waits until the test lets it go on."""
    environment["STORAGE_URL"] = f"file:{small_disk.folder}/files"
    environment["TASK_MODULES"] += ",tests.impatient"
    return small_disk


@pytest.mark.parametrize("phase", ["Writing", "Packing"])
def test_an_export_to_a_full_disk_waits_and_is_byte_identical(files_on_a_small_disk, app, susan, workers, phase):
    write_posts(susan)
    workers.ours()
    undisturbed = wait_for(start("export_posts", susan), lambda row: not row.is_active)
    expected = digest(app, undisturbed)
    parts, whole = sizes(app, undisturbed)
    wait_until_gone(files_on_a_small_disk.folder / "files" / "parts" / undisturbed.id)
    files_on_a_small_disk.leave(parts // 2 if phase == "Writing" else parts + whole // 2)

    run = wait_for(start("export_posts", susan), lambda row: row.state == "retrying" or not row.is_active)

    assert run.state == "retrying"
    assert run.error == "The disk cannot be written: No space left on device."
    assert run.error_reference is None  # nothing that we could mend
    is_written = all(file.get("finished", False) for file in run.cursor["files"].values())
    assert (is_written, run.attempt) == (phase == "Packing", 2)
    reached = run.percent
    assert list((files_on_a_small_disk.folder / "files" / "parts" / run.id).glob("*.whole")) == []
    files_on_a_small_disk.make_room()
    end_back_off(run)
    percents = []

    def watched(row):
        percents.append(row.percent)
        return not row.is_active

    ended = wait_for(run, watched)
    assert ended.state == "succeeded"
    assert percents == sorted(percents) and percents[0] >= reached > 0
    assert digest(app, ended) == expected


@pytest.fixture
def database_on_a_small_disk(small_disk, environment, database_url):
    """Ask for it before `app`."""
    if database_url.startswith("sqlite"):
        file = small_disk.folder / "microblog.db"
        shutil.copyfile(database_url.removeprefix("sqlite:///"), file)
        environment["DATABASE_URL"] = f"sqlite:///{file}"
        yield small_disk
        return
    name = sqlalchemy.make_url(database_url).database
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as server:
        space = f"small_disk_{os.getpid()}"
        server.execute(f"CREATE TABLESPACE {space} LOCATION '{folder_of_the_server(server, small_disk)}'")
        server.execute(f'ALTER DATABASE "{name}" SET TABLESPACE {space}')
        yield small_disk
        small_disk.make_room()
        server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
        ).fetchall()
        server.execute(f'ALTER DATABASE "{name}" SET TABLESPACE pg_default')
        server.execute(f"DROP TABLESPACE {space}")


def folder_of_the_server(server, disk):
    """A folder on the small disk that belongs to the server's user, if that is on this machine."""
    home = Path(server.execute("SHOW data_directory").fetchone()[0])
    if not home.exists():
        pytest.skip("The database's server is on another machine: its disk is not ours to fill.")
    folder = disk.folder / "tablespace"
    folder.mkdir()
    os.chown(folder, home.stat().st_uid, home.stat().st_gid)
    return folder


def test_the_database_on_a_full_disk(database_on_a_small_disk, app, susan, workers):
    """SQLite has no room to write down even the trouble; PostgreSQL may. Either goes on when there is room."""
    worker = workers.ours()
    run = start("patient", susan, count=300, seconds=0.02)
    wait_for(run, lambda row: row.done > 5)

    database_on_a_small_disk.fill()
    claims = look_for(run, seconds=8)
    database_on_a_small_disk.make_room()

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.done, numbers_written(ended)) == ("succeeded", 300, 300)
    assert claims <= 4
    told = " ".join(db.session.scalars(select(RunEvent.text).where(RunEvent.run_id == run.id)))
    assert "The database takes no writes" in worker.output + told
    assert "Traceback" not in worker.output
    assert worker.process.poll() is None


@pytest.fixture
def set_read_only(environment, database_url, tmp_path, monkeypatch):
    """Call it with True, and the database takes no writes until you call it with False. Ask for it before `app`."""
    if not database_url.startswith("sqlite"):
        return lambda is_so: set_server_read_only(database_url, is_so)
    switch = tmp_path / "read_only"
    environment["TASK_MODULES"] += ",tests.read_only"
    monkeypatch.setenv("READ_ONLY_FILE", str(switch))
    return lambda is_so: switch.touch() if is_so else switch.unlink()


def set_server_read_only(database_url, is_so):
    db.session.remove()
    db.engine.dispose()
    set_read_only_of_new_connections(database_url, is_so)


def set_read_only_of_new_connections(database_url, is_so):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"on" if is_so else "off"}')
        if is_so:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def short_lease(environment):
    """Ask for it before `app`."""
    environment["LEASE_SECONDS"] = "2"


def look_for(run, seconds):
    """The claims the run had until then."""
    time.sleep(seconds)
    return fresh(run).claim


def test_a_read_only_database_in_mid_run(set_read_only, app, susan, workers):
    """No claim can be written, so nothing spins; once it takes writes again the run goes on."""
    worker = workers.ours()
    run = start("slow", susan, count=300, seconds=0.02)
    reached = wait_for(run, lambda row: row.done > 5).done

    set_read_only(True)
    claims = look_for(run, seconds=8)
    set_read_only(False)

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.done, numbers_written(ended), ended.attempt) == ("succeeded", 300, 300, 1)
    assert reached <= 300 and claims <= 2
    assert worker.process.poll() is None
    assert worker.output.count("housekeeping cannot work") <= 2
    assert "The database takes no writes" in worker.output
    assert "Traceback" not in worker.output
    assert timeline(run.id)[-1] == "succeeded"
    assert db.session.scalar(select(func.count()).where(RunEvent.run_id == run.id)) < 20


def test_a_job_that_meets_a_read_only_database_waits_for_it(set_read_only, short_lease, app, susan, workers):
    """It has left its queue, and its worker has nothing else to do."""
    run = start("two_steps", susan).id
    set_read_only(True)
    worker = workers.ours()
    worker.wait_until(lambda: "cannot be taken yet" in worker.output, "word of the read-only database")
    time.sleep(3)  # longer than a lease

    set_read_only(False)

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim) == ("succeeded", 1)  # housekeeping may have missed the job, and sent another
    assert worker.output.count("cannot be taken yet") == 1  # one that gave up would have said it again
    assert "Traceback" not in worker.output


def test_housekeeping_tells_once_that_the_database_takes_no_writes(set_read_only, app, susan, workers):
    """Not with every sweep of the hours that may last, about a run that it would send again."""
    lost = start("two_steps", susan)
    lost.sent_at -= timedelta(hours=1)
    lost_id = lost.id
    db.session.commit()
    rq.Queue("microblog-tasks", connection=workers.connection).remove(f"{lost_id}-0-1")
    set_read_only(True)
    worker = workers.ours()
    worker.wait_until(lambda: "housekeeping cannot work" in worker.output, "word of the read-only database")
    time.sleep(2)  # several sweeps

    set_read_only(False)

    assert wait_for(lost_id, lambda row: not row.is_active).state == "succeeded"
    assert worker.output.count("housekeeping cannot work") == 1
    assert worker.output.count(f"run {lost_id}: (") == 0


@pytest.mark.parametrize(
    ("options", "ends"),
    [
        pytest.param(None, "worker", id="ours"),
        pytest.param(("-w", "rq.worker.SimpleWorker", "microblog-tasks"), "worker", id="simple"),
        pytest.param((), "horse", id="stock"),
    ],
)
def test_who_is_told_to_leave_while_a_job_waits_for_the_database_leaves(
    set_read_only, app, susan, workers, options, ends
):
    """And the next one has the run in seconds, once there is a database: it does not wait to be missed."""
    run = start("two_steps", susan).id
    set_read_only(True)
    worker = workers.ours() if options is None else workers.stock(*options)
    worker.wait_until(lambda: "cannot be taken yet" in worker.output, "word of the read-only database")

    if ends == "horse":
        (horse,) = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        os.kill(int(horse), signal.SIGTERM)
        worker.wait_until(lambda: not is_alive(int(horse)), "end of the work horse")
        worker.kill()
    else:
        worker.signal(signal.SIGTERM)
        assert worker.process.wait(PATIENCE_SECONDS) == 0
    set_read_only(False)
    workers.ours()

    ended = wait_for(run, lambda row: not row.is_active)
    assert (ended.state, ended.claim, ended.strikes) == ("succeeded", 1, 0)
    assert "Traceback" not in worker.output


def test_connections_made_while_the_database_was_read_only_are_not_kept(set_read_only, database_url, app, susan):
    """PostgreSQL decides when a connection is made whether it may write, and the web keeps its connections."""
    if is_sqlite():
        pytest.skip("SQLite decides anew at each write")
    set_read_only(True)
    member_id = db.session.scalar(select(User.id))
    db.session.commit()
    set_read_only_of_new_connections(database_url, False)
    writes = []

    for _ in range(3):
        try:
            db.session.add(Post(author_id=member_id, body="written again"))
            db.session.commit()
            writes.append(True)
        except sqlalchemy.exc.DBAPIError as error:
            assert "read-only" in str(error)
            db.session.rollback()
            writes.append(False)

    assert writes == [False, True, True]
