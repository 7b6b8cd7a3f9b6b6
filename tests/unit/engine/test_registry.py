import pytest

from app.engine import registry
from app.engine.registry import DeclarationError, task


def test_a_task_takes_the_run_first_and_keywords_after():
    with pytest.raises(DeclarationError, match="keyword-only"):

        @task(title="Wrong")
        def wrong(run, post_id): ...

    with pytest.raises(DeclarationError, match="run first"):

        @task(title="Wrong")
        def wrong_too(): ...


def test_a_quota_is_a_count_and_a_period():
    with pytest.raises(DeclarationError, match="10/hour"):

        @task(title="Wrong", quota="lots")
        def wrong(run): ...


@pytest.mark.parametrize("line", ["every day", "@daily", "*/5 * * * * *", "61 * * * *"])
def test_a_schedule_is_a_cron_line(line):
    with pytest.raises(DeclarationError, match="cron line"):

        @task(title="Wrong", schedule=line)
        def wrong(run): ...


def test_a_schedule_that_never_comes_is_refused():
    with pytest.raises(DeclarationError, match="never does"):

        @task(title="Wrong", schedule="0 0 31 2 *")
        def wrong(run): ...


def test_a_task_with_a_schedule_needs_no_arguments():
    with pytest.raises(DeclarationError, match="default"):

        @task(title="Wrong", schedule="0 9 * * *")
        def wrong(run, *, post_id): ...


def test_what_was_missed_is_caught_up_or_skipped():
    with pytest.raises(DeclarationError, match="missed"):

        @task(title="Wrong", schedule="0 9 * * *", missed="all")
        def wrong(run): ...


def test_a_role_is_one_we_know():
    with pytest.raises(DeclarationError, match="role"):

        @task(title="Wrong", role="king")
        def wrong(run): ...


def test_the_shipped_tasks_are_found_by_being_there():
    from app.tasks import example_long_task, export_posts

    assert registry.find("example_long_task") is example_long_task.task
    assert export_posts.task.unit == "posts"
    assert export_posts.task.summary.startswith("Write all your posts")
    assert registry.find("nonsense") is None
