"""Writing, reading, changing and deleting one post, and having it back."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.models import Post
from app.services import mentions, posts, threads
from app.web import ways
from app.web.forms.posts import PostForm
from app.web.ids import ROW_ID, row_id

bp = Blueprint("posts", __name__, url_prefix="/posts")
POST_ID = f"<{ROW_ID}:id>"


@bp.app_context_processor
def questions() -> dict[str, object]:
    """`threads_on(posts)` and `names_on(posts)`: asked by the lists that show replies and mentions, once a list."""

    def on(shown: Sequence[Post]) -> threads.Shown:
        return threads.shown(current_user.id, shown)

    def names_on(shown: Sequence[Post]) -> frozenset[str]:
        return mentions.known((post.body for post in shown), current_user.id)

    return {"threads_on": on, "names_on": names_on}


@bp.get("/new")
@login_required
def new() -> ResponseReturnValue:
    """A page to write on."""
    return render_template("posts/new.html", form=PostForm())


@bp.post("")
@login_required
def create() -> ResponseReturnValue:
    """Publish."""
    form = PostForm()
    if not form.validate():
        return render_template("posts/new.html", form=form), 422
    posts.publish(current_user, form.body.data or "", form.visibility.data)
    db.session.commit()
    flash("Your post is out.")
    return redirect(url_for("timeline.home"), 303)


@bp.get(f"/{POST_ID}")
@login_required
def show(id: int) -> ResponseReturnValue:
    """One post, what it answers and what answers it."""
    post = posts.find(id, current_user.id)
    return _page_of(post, PostForm(reply_to=post))


@bp.post(f"/{POST_ID}/reply")
@login_required
def reply(id: int) -> ResponseReturnValue:
    """Answer the post."""
    post = posts.find(id, current_user.id)
    form = PostForm(reply_to=post)
    if not form.validate():
        return _page_of(post, form), 422
    written = posts.publish(current_user, form.body.data or "", form.visibility.data, reply_to=post)
    db.session.commit()
    flash("Your reply is out.")
    return redirect(f"{url_for('posts.show', id=id)}#post-{written.id}", 303)


@bp.get(f"/{POST_ID}/thread")
@login_required
def thread(id: int) -> ResponseReturnValue:
    """The whole conversation the post belongs to, oldest first."""
    post = posts.find(id, current_user.id)
    part = threads.whole(post, current_user.id, request.args.get("after", type=row_id))
    return render_template("posts/thread.html", post=post, part=part)


@bp.get(f"/{POST_ID}/edit")
@login_required
def edit_form(id: int) -> ResponseReturnValue:
    """The post as it is, to change."""
    post = posts.find_own(id, current_user)
    return render_template("posts/edit.html", post=post, form=PostForm(post, posts.answered(post)))


@bp.post(f"/{POST_ID}/edit")
@login_required
def edit(id: int) -> ResponseReturnValue:
    """Keep the new words."""
    post = posts.find_own(id, current_user)
    form = PostForm(post, posts.answered(post))
    if not form.validate():
        return render_template("posts/edit.html", post=post, form=form), 422
    posts.edit(post, form.body.data or "", form.visibility.data)
    db.session.commit()
    flash("Your post is changed.")
    return redirect(url_for("posts.show", id=id), 303)


@bp.post(f"/{POST_ID}/delete")
@login_required
def delete(id: int) -> ResponseReturnValue:
    """Take the post back; the next page offers to undo it."""
    posts.withdraw(posts.find_own(id, current_user))
    db.session.commit()
    flash(url_for("posts.restore", id=id), "deleted")
    return redirect(ways.back(request.form.get("back", ""), but=url_for("posts.show", id=id)), 303)


@bp.post(f"/{POST_ID}/restore")
@login_required
def restore(id: int) -> ResponseReturnValue:
    """Have a post back that was just deleted."""
    posts.restore(id, current_user)
    db.session.commit()
    flash("Your post is back.")
    return redirect(f"{ways.back(request.form.get('back', ''))}#post-{id}", 303)


def _page_of(post: Post, form: PostForm) -> str:
    above = threads.above(post, current_user.id)
    part = threads.replies(post, current_user.id, request.args.get("after", type=row_id))
    return render_template("posts/show.html", post=post, above=above, part=part, form=form)
