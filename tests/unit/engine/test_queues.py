import pytest

from app.engine import queues

RUN_ID = "0193a5f0-7d2b-7c31-9a44-5e0c1d2b3f4a"


@pytest.mark.parametrize(
    ("job_id", "run_id"),
    [
        (queues.job_id(RUN_ID, 12, 3), RUN_ID),
        (f"{RUN_ID}-3", RUN_ID),  # as jobs were named before their claim was in it
        ("5e0c1d2b-7d2b-4c31-9a44-0193a5f07d2b", None),
    ],
)
def test_the_run_of_a_job(job_id, run_id):
    assert queues.run_of(job_id) == run_id
