import io
import itertools
import zipfile

from sqlalchemy import select

from app.adapters.storage import open_storage
from app.engine import outbox
from app.extensions import db
from app.models import Artifact
from tests.engine_fixtures import fresh
from tests.importing import bring_in, written


def test_samples_can_be_imported(app, susan, worker):
    run = outbox.request("make_samples", by=susan, args={"count": 1500})
    worker.work()
    assert (fresh(run).state, run.result_text[:18]) == ("succeeded", "1,500 made-up post")
    with open_storage(app.config["STORAGE_URL"]).open(db.session.scalars(select(Artifact)).one().storage_key) as file:
        archive = file.read()
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["posts.json"]

    imported = bring_in(susan, archive, worker)

    assert (imported.state, imported.ok_count) == ("succeeded", 1500)
    dates = [at for _, at in written(susan)]
    assert all(later > earlier for earlier, later in itertools.pairwise(dates))
