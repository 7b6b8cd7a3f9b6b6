"""Samples: an archive to try an import with. It has posts alone; pictures and a clip come with media."""

from wtforms import Form, IntegerField
from wtforms.validators import NumberRange

from app.engine import Run, task
from app.services import samples


class SamplesForm(Form):
    """How large the archive shall be."""

    count = IntegerField(
        "Posts", default=100_000, validators=[NumberRange(1, samples.MOST, f"From 1 to {samples.MOST:,} posts.")]
    )


@task(
    title="Make samples",
    unit="posts",
    steps=(("Writing", 9), ("Packing", 1)),
    quota="10/hour",
    keep_days=7,
    params=SamplesForm,
)
def make_samples(run: Run, *, count: int = 100_000) -> None:
    """Make an archive of made-up posts, to try an import with."""
    with run.artifact("posts.json", keep=False) as file:
        for number in run.step("Writing").each(range(count)):
            file.write((",\n" if file.tell() else samples.OPENING) + samples.entry(number))
        if not file.is_finished:
            file.write(samples.CLOSING)
    run.step("Packing")
    run.archive("samples.zip", file, items=count)
    run.result(samples.summary(count))
