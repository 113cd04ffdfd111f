"""The people of a scope: who they are, inviting them, what they may do, the end of an account."""

from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, request, session
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import actions, desk_sessions, invitations, queries, vouching
from app.accounts import standing as standing_of
from app.accounts.enrolling import code_key
from app.accounts.models import Staff, StaffSession
from app.accounts.staff_forms import PersonForm, StandingForm
from app.core import clock
from app.core.db import db
from app.core.errors import Refused
from app.core.format import as_moment
from app.core.forms import tidied
from app.core.guards import Role, must_reach, staff, stepped_up
from app.core.paging import paged
from app.core.qr import draw_qr
from app.core.sheets import Column, Table
from app.core.tokens import random_token
from app.core.web import asked_number, page, saved, spreadsheet
from app.roster.models import Area

_NONCE = 26

bp = Blueprint("accounts_staff", __name__, url_prefix="/desk")


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(bp)


@bp.get("/people")
@staff(Role.OFFICE, Role.DISTRICT)
def people() -> Response:
    """Who works within this person's scope; of some words only, when they are asked for."""
    words = tidied(request.args.get("words"))[:60]
    is_waiting = request.args.get("show") == "waiting"
    listed = vouching.listed(current_user, words, waiting_only=is_waiting)
    stretch = paged(listed, asked_number("page"))
    found = [queries.Colleague(*row) for row in stretch.rows]
    shown: dict[str, Any] = {
        "stretch": stretch,
        "people": found,
        "words": words,
        "is_waiting": is_waiting,
        "now": clock.now(),
    }
    return page("accounts/staff/people.html", **shown)


@bp.get("/people.xlsx")
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def export() -> Response:
    """The list as a workbook."""
    rows = db.session.execute(queries.people_within(current_user))
    columns = [
        Column(_("姓名"), 14),
        Column(_("用户名"), 16),
        Column(_("身份"), 16),
        Column(_("负责范围"), 34),
        Column(_("最近登录"), 22),
        Column(_("动态码"), 14),
    ]
    found = [_as_row(queries.Colleague(*row)) for row in rows]
    return spreadsheet(_("工作人员"), [Table(_("工作人员"), columns, found)])


@bp.route("/people/new", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def add_person() -> Response:
    """Invite a colleague; the link is shown next, once."""
    form = PersonForm(*_choices(), whole=_has_everything())
    if form.validate_on_submit():
        values = (form.username.data, form.name.data, Role(form.role.data), _area_of(form))
        try:
            person = actions.create_staff(*values, None, by=current_user)
            return _invited(person)
        except Refused as refusal:
            form.refuse(refusal)
    return page("accounts/staff/add_person.html", form=form)


@bp.get("/people/<int:staff_id>")
@staff(Role.OFFICE, Role.DISTRICT)
def person(staff_id: int) -> Response:
    """One colleague: standing, second factor, where they are signed in, what can be done."""
    found = _load_person(staff_id)
    return page(
        "accounts/staff/person.html",
        colleague=queries.colleague(found, current_user),
        sign_ins=desk_sessions.standing(found.id),
        may_look_after=standing_of.may_look_after(current_user, found),
        may_vouch=vouching.may_vouch(current_user, found),
        now=clock.now(),
    )


@bp.route("/people/<int:staff_id>/standing", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def standing(staff_id: int) -> Response:
    """Give somebody another role or scope."""
    person = _load_person(staff_id)
    form = _standing_form(person)
    if form.validate_on_submit():
        try:
            role, area = Role(form.role.data), _area_of(form)
            changed = actions.change_staff(person, role, area, by=current_user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("已改好，马上生效。") if changed else _("没有改动。"))
            return saved(".person", staff_id=staff_id)
    return page("accounts/staff/standing.html", form=form, person=person)


@bp.route("/people/<int:staff_id>/invite", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def invite(staff_id: int) -> Response:
    """Invite somebody anew, as when the phone is lost: what they had before is void."""
    person = _load_person(staff_id)
    standing_of.check_may_look_after(current_user, person)
    if request.method == "POST":
        return _invited(person)
    return page("accounts/staff/invite.html", person=person)


@bp.get("/people/<int:staff_id>/invitation")
@staff(Role.OFFICE, Role.DISTRICT)
def invitation(staff_id: int) -> Response:
    """The link, to be handed over: shown to whoever made it, this once."""
    person = _load_person(staff_id)
    kept = session.pop("invitation", None)
    if kept is None or kept["id"] != staff_id:
        return page("accounts/staff/invitation_shown.html", person=person)
    token = invitations.token_of(kept["nonce"], code_key())
    link = invitations.address_of(token)
    shown: dict[str, Any] = {"link": link, "qr_code": draw_qr(link), "hours": invitations.HOURS}
    return page("accounts/staff/invitation.html", person=person, **shown)


@bp.route("/people/<int:staff_id>/vouch", methods=["GET", "POST"])
@staff(*vouching.VOUCHERS)
@stepped_up
def vouch(staff_id: int) -> Response:
    """Confirm, then say that one knows the person and that they use the account themself."""
    person = _load_person(staff_id)
    vouching.check_may_vouch(current_user, person)
    if request.method == "POST":
        vouching.vouch(person, by=current_user)
        flash(_("已确认，这个账号从现在起可以做第二个人。"))
        return saved(".person", staff_id=staff_id)
    inviter = db.session.get_one(Staff, person.made_by_id)
    return page("accounts/staff/vouch.html", person=person, inviter=inviter)


@bp.route("/people/<int:staff_id>/close", methods=["GET", "POST"])
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def close_person(staff_id: int) -> Response:
    """Confirm, then end an account."""
    person = _load_person(staff_id)
    standing_of.check_may_look_after(current_user, person)
    if request.method == "POST":
        actions.close_staff(person, by=current_user)
        flash(_("账号已停用，这个人的登录马上失效。"))
        return saved(".people")
    return page("accounts/staff/close_person.html", person=person)


@bp.post("/people/<int:staff_id>/sign-ins/<int:session_id>/end")
@staff(Role.OFFICE, Role.DISTRICT)
@stepped_up
def end_sign_in(staff_id: int, session_id: int) -> Response:
    """End a sign-in of a colleague, as when a phone was left somewhere."""
    person, found = _load_person(staff_id), db.session.get(StaffSession, session_id)
    if found is None or found.staff_id != person.id:
        abort(404)
    desk_sessions.end(found, by=current_user)
    flash(_("那里的登录已退出。"))
    return saved(".person", staff_id=staff_id)


def _invited(person: Staff) -> Response:
    """Make the invitation; what its link is made of stays in this browser until it was shown."""
    nonce = random_token(_NONCE)
    invitations.invite(person, invitations.token_of(nonce, code_key()), by=current_user)
    session["invitation"] = {"id": person.id, "nonce": nonce}
    return saved(".invitation", staff_id=person.id)


def _load_person(staff_id: int) -> Staff:
    person = db.session.get(Staff, staff_id)
    if person is None or person.closed_at:
        abort(404)
    must_reach(person.area.path if person.area else "/")
    return person


def _choices() -> tuple[list[Area], list[Role]]:
    """The areas and roles that this person may give."""
    return queries.areas_within(current_user), list(standing_of.MAY_MAKE[current_user.role])


def _has_everything() -> bool:
    return bool(current_user.area_path == "/")


def _standing_form(person: Staff) -> StandingForm:
    now = {"role": person.role.value, "area": person.area_id or 0}
    return StandingForm(*_choices(), whole=_has_everything(), data=now)


def _area_of(form: StandingForm) -> Area | None:
    return db.session.get(Area, form.area.data) if form.area.data else None


def _as_row(one: queries.Colleague) -> tuple[str, ...]:
    place = one.staff.area.full_name if one.staff.area else _("全部")
    last = as_moment(one.last_sign_in) if one.last_sign_in else ""
    state = _("已启用") if one.staff.enrolled_at else _("未启用")
    return (one.staff.name, one.staff.username, str(one.staff.role.label), place, last, state)
