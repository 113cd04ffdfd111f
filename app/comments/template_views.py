"""The office's own words to answer with: listed, added, changed, deleted."""

from flask import Blueprint, Response, abort, flash
from flask_babel import gettext as _
from flask_login import current_user

from app.comments import templates
from app.comments.forms import ManyForm, TemplateForm
from app.comments.models import ReplyTemplate
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import must_reach, staff
from app.core.web import page, saved

bp = Blueprint("reply_templates", __name__, url_prefix="/desk/comments/templates")


@bp.get("")
@staff()
def overview() -> Response:
    """The templates of this person's area, of those above and below."""
    found = templates.templates_of(current_user)
    rows = [(one, templates.may_write(one, current_user)) for one in found]
    return page("comments/staff/templates.html", rows=rows)


@bp.route("/new", methods=["GET", "POST"])
@staff()
def add() -> Response:
    """Write a new one."""
    form = TemplateForm()
    if form.validate_on_submit():
        try:
            templates.add_template(form.title.data, form.body.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("模板已保存。"))
            return saved(".overview")
    return page("comments/staff/template.html", form=form, kept=None)


@bp.route("/<int:template_id>/change", methods=["GET", "POST"])
@staff()
def change(template_id: int) -> Response:
    """Put one into other words."""
    template = _load_template(template_id)
    form = TemplateForm(title=template.title, body=template.body)
    if form.validate_on_submit():
        try:
            templates.change_template(template, form.title.data, form.body.data, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("模板已保存。"))
            return saved(".overview")
    return page("comments/staff/template.html", form=form, kept=template)


@bp.route("/<int:template_id>/delete", methods=["GET", "POST"])
@staff()
def delete(template_id: int) -> Response:
    """Confirm, then do away with one."""
    template = _load_template(template_id)
    form = ManyForm()
    if form.validate_on_submit():
        templates.delete_template(template, by=current_user)
        flash(_("模板已删除。"))
        return saved(".overview")
    return page("comments/staff/template_delete.html", form=form, kept=template)


def _load_template(template_id: int) -> ReplyTemplate:
    template = db.session.get(ReplyTemplate, template_id)
    if template is None:
        abort(404)
    must_reach(template.area.path if template.area else "/")
    return template
