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
