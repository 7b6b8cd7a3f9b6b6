"""Writing, reading, changing and deleting one post, and having it back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.extensions import db
from app.services import posts
from app.web import ways
from app.web.forms.posts import PostForm

bp = Blueprint("posts", __name__, url_prefix="/posts")
POST_ID = "<int(max=2147483647):id>"  # the most a database keeps


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
    """One post."""
    return render_template("posts/show.html", post=posts.find(id, current_user.id))


@bp.get(f"/{POST_ID}/edit")
@login_required
def edit_form(id: int) -> ResponseReturnValue:
    """The post as it is, to change."""
    post = posts.find_own(id, current_user)
    return render_template("posts/edit.html", post=post, form=PostForm(post))


@bp.post(f"/{POST_ID}/edit")
@login_required
def edit(id: int) -> ResponseReturnValue:
    """Keep the new words."""
    post = posts.find_own(id, current_user)
    form = PostForm(post)
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
