"""Where staff draft a plan section by section, and a second person publishes it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash
from flask_babel import gettext as _
from flask_login import current_user

from app.core.db import release
from app.core.errors import Refused
from app.core.format import as_yuan
from app.core.guards import WITH_PLANNERS, Role, staff, stepped_up, uploads
from app.core.web import page, saved
from app.projects import actions, forms, queries, reading
from app.projects.models import Attachment, PlanVersion, Project, Section
from app.roster.models import Compound

bp = Blueprint("projects_staff", __name__, url_prefix="/desk")

# Who may publish or send back; an admin may do what all may.
_PUBLISHERS = (Role.OFFICE, Role.DISTRICT)


@bp.route("/compounds/<int:compound_id>/project", methods=["GET", "POST"])
@staff()
def project(compound_id: int) -> Response:
    """The facts of a compound's project; the first time, this opens it with an empty draft."""
    compound = load_compound(compound_id)
    found = queries.project_of(compound_id)
    form = forms.ProjectForm.of(compound, found)
    if form.validate_on_submit():
        try:
            project = _keep_facts(compound, found, form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已保存。"))
            return saved(".plan_version", version_id=project.versions[-1].id)
    return _project_page(compound, found, form)


@bp.get("/plans/<int:version_id>")
@staff(*WITH_PLANNERS)
def plan_version(version_id: int) -> Response:
    """One version with its sections, what is missing, and what can be done with it now."""
    return _overview(load_version(version_id), forms.ConfirmForm())


@bp.route("/plans/<int:version_id>/summary", methods=["GET", "POST"])
@staff()
def summary(version_id: int) -> Response:
    """The plan in a few words."""
    version = load_draft(version_id)
    form = forms.SummaryForm.of(version)
    return _edited(
        version,
        form,
        _("简介"),
        lambda: actions.edit_summary(version, *form.words(), by=current_user),
    )


@bp.route("/plans/<int:version_id>/items", methods=["GET", "POST"])
@staff()
def items(version_id: int) -> Response:
    """The table of work items."""
    version = load_draft(version_id)
    form = forms.ItemsForm.of(version)
    template, heading = "projects/staff/items.html", Section.WORK.label
    if form.more.data:
        form.grow()
        return page(template, form=form, version=version, heading=heading)
    return _edited(
        version,
        form,
        heading,
        lambda: actions.replace_items(version, form.chosen(), by=current_user),
        template=template,
        done=lambda: _total_in_words(version),
    )


@bp.route("/plans/<int:version_id>/money", methods=["GET", "POST"])
@staff()
def money(version_id: int) -> Response:
    """Where the money comes from, and what a household pays."""
    version = load_draft(version_id)
    form = forms.MoneyForm.of(version)
    return _edited(
        version,
        form,
        Section.MONEY.label,
        lambda: actions.edit_money(version, form.money(), by=current_user),
        template="projects/staff/money.html",
    )


@bp.route("/plans/<int:version_id>/design", methods=["GET", "POST"])
@staff()
def design(version_id: int) -> Response:
    """The text of 规划设计."""
    version = load_draft(version_id)
    form = forms.DesignForm(obj=version)
    return _edited(
        version,
        form,
        Section.DESIGN.label,
        lambda: actions.edit_design(version, form.design.data, by=current_user),
    )


@bp.route("/plans/<int:version_id>/construction", methods=["GET", "POST"])
@staff()
def construction(version_id: int) -> Response:
    """The text and the days of 施工组织."""
    version = load_draft(version_id)
    form = forms.ConstructionForm.of(version)
    return _edited(
        version,
        form,
        Section.CONSTRUCTION.label,
        lambda: actions.edit_construction(version, form.plan(), by=current_user),
    )


@bp.route("/plans/<int:version_id>/management", methods=["GET", "POST"])
@staff()
def management(version_id: int) -> Response:
    """The four fields of the management plan."""
    version = load_draft(version_id)
    form = forms.ManagementForm(obj=version)
    return _edited(
        version,
        form,
        Section.MANAGEMENT.label,
        lambda: actions.edit_management(version, form.plan(), by=current_user),
    )


@bp.route("/plans/<int:version_id>/pictures", methods=["GET", "POST"])
@uploads(11)
@staff()
def pictures(version_id: int) -> Response:
    """Add a picture; shrinking it takes seconds, so no lock is held meanwhile."""
    version = load_draft(version_id)
    form = forms.PictureForm()
    release()
    return _edited(
        version,
        form,
        _("添加图片"),
        lambda: actions.attach_picture(
            version, Section(form.section.data), form.caption.data, form.picture, by=current_user
        ),
    )


@bp.route("/plans/<int:version_id>/documents", methods=["GET", "POST"])
@uploads(11)
@staff()
def documents(version_id: int) -> Response:
    """Add a PDF that residents can download."""
    version = load_draft(version_id)
    form = forms.DocumentForm()
    release()
    return _edited(
        version,
        form,
        _("添加 PDF 文件"),
        lambda: actions.attach_pdf(
            version, Section(form.section.data), form.caption.data, form.content, by=current_user
        ),
    )


@bp.route("/plans/<int:version_id>/attachments/<int:attachment_id>/remove", methods=["GET", "POST"])
@staff()
def remove(version_id: int, attachment_id: int) -> Response:
    """Take a picture or PDF out, after asking."""
    version = load_draft(version_id)
    paper = load_attachment(version, attachment_id)
    return _edited(
        version,
        forms.ConfirmForm(),
        _("删除图片或文件"),
        lambda: actions.remove_attachment(version, paper, by=current_user),
        template="projects/staff/remove.html",
        done=lambda: _("已删除。"),
        paper=paper,
    )


@bp.get("/plans/<int:version_id>/preview")
@staff(*WITH_PLANNERS)
def preview(version_id: int) -> Response:
    """The page as residents will see it."""
    version = load_version(version_id)
    buildings = version.project.compound.buildings
    return page(
        "projects/plan.html",
        building=buildings[0] if buildings else None,
        reading=reading.reading_of(version, building=buildings[0].name if buildings else ""),
        is_preview=True,
        is_at_home=False,
    )


@bp.get("/plans/<int:version_id>/differences")
@staff(*WITH_PLANNERS)
def differences(version_id: int) -> Response:
    """What this version changes against the published one before it."""
    version = load_version(version_id)
    changes = queries.differences_of(version)
    return page("projects/staff/differences.html", version=version, changes=changes)


@bp.post("/plans/<int:version_id>/submit")
@staff()
def submit(version_id: int) -> Response:
    """Ask a second person to publish."""
    version = load_version(version_id)
    form = forms.ConfirmForm()
    if form.validate_on_submit():
        try:
            actions.submit_version(version, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已提交，等第二个人公布。"))
            return saved(".plan_version", version_id=version.id)
    return _overview(version, form)


@bp.route("/plans/<int:version_id>/publish", methods=["GET", "POST"])
@staff(*_PUBLISHERS)
@stepped_up
def publish(version_id: int) -> Response:
    """Show the version to residents, after saying what will happen."""
    version = load_waiting(version_id)
    return _edited(
        version,
        forms.ConfirmForm(),
        _("公布方案"),
        lambda: actions.publish_version(version, by=current_user),
        template="projects/staff/publish.html",
        done=lambda: _("已公布，居民现在就能看到。"),
    )


@bp.route("/plans/<int:version_id>/return", methods=["GET", "POST"])
@staff(*_PUBLISHERS)
def return_(version_id: int) -> Response:
    """Send a waiting version back with the reason."""
    version = load_waiting(version_id)
    form = forms.ReturnForm()
    return _edited(
        version,
        form,
        _("退回修改"),
        lambda: actions.return_version(version, form.note.data, by=current_user),
        done=lambda: _("已退回。"),
    )


@bp.post("/projects/<int:project_id>/versions")
@staff()
def new_version(project_id: int) -> Response:
    """Start the next draft as a copy of what is published."""
    version = actions.start_version(load_project(project_id), by=current_user)
    return saved(".plan_version", version_id=version.id)


def load_compound(compound_id: int) -> Compound:
    """The compound, when it lies in this person's scope."""
    compound = queries.compound_of(compound_id) or abort(404)
    _check_scope(compound)
    return compound


def load_project(project_id: int) -> Project:
    """The project, when its compound lies in this person's scope."""
    project = queries.project(project_id) or abort(404)
    _check_scope(project.compound)
    return project


def load_version(version_id: int) -> PlanVersion:
    """The version, when its compound lies in this person's scope."""
    version = queries.plan_version(version_id) or abort(404)
    _check_scope(version.project.compound)
    return version


def load_draft(version_id: int) -> PlanVersion:
    """The version, when it may still be edited."""
    version = load_version(version_id)
    actions.refuse_unless_draft(version)
    return version


def load_waiting(version_id: int) -> PlanVersion:
    """The version, when it waits for its second person."""
    version = load_version(version_id)
    actions.refuse_unless_waiting(version)
    return version


def load_attachment(version: PlanVersion, attachment_id: int) -> Attachment:
    """An attachment of this version."""
    found = [paper for paper in version.attachments if paper.id == attachment_id]
    return found[0] if found else abort(404)


def _check_scope(compound: Compound) -> None:
    if not current_user.reaches(compound.area.path):
        abort(403)


def _keep_facts(compound: Compound, found: Project | None, form: forms.ProjectForm) -> Project:
    if found is None:
        return actions.open_project(compound, form.facts(), by=current_user)
    actions.edit_project(found, form.facts(), by=current_user)
    return found


def _edited(
    version: PlanVersion,
    form: Any,
    heading: Any,
    edit: Callable[[], object],
    template: str = "projects/staff/section.html",
    done: Callable[[], str] = lambda: _("已保存。"),
    **context: Any,
) -> Response:
    """The common course of every form about one version; `done` says afterwards what was done."""
    if form.validate_on_submit():
        try:
            edit()
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(done())
            return saved(".plan_version", version_id=version.id)
    return page(template, form=form, version=version, heading=heading, **context)


def _total_in_words(version: PlanVersion) -> str:
    return _(
        "已保存：一共 %(count)s 项，%(yuan)s 元。",
        count=len(version.items),
        yuan=as_yuan(version.cost),
    )


def _project_page(compound: Compound, found: Project | None, form: forms.ProjectForm) -> Response:
    versions = queries.versions(found.id) if found else []
    newest = versions[0] if versions else None
    return page(
        "projects/staff/project.html",
        form=form,
        compound=compound,
        project=found,
        versions=versions,
        newest=newest,
        published=next((v for v in versions if v.is_published), None),
        facts=queries.facts_of(found) if found else None,
    )


def _overview(version: PlanVersion, form: forms.ConfirmForm) -> Response:
    return page(
        "projects/staff/plan_version.html",
        form=form,
        version=version,
        facts=queries.facts_of_version(version),
        groups=reading.items_by_category(version),
        sources=[(source.source, source) for source in version.sources],
        mode=version.mode,
        missing=[] if version.is_published else queries.what_is_missing(version),
        may_publish=current_user.role in (*_PUBLISHERS, Role.ADMIN),
        is_own=version.submitted_by_id == current_user.id,
        draft=queries.draft_of(version.project_id),
    )
