"""A household comes in with the code of its slip, and leaves again.

What a browser holds is a signed cookie with the session's token and when it was last used; the
database knows only the token's digest, so that reading a page writes nothing.
"""

from datetime import timedelta

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _

from app.accounts import actions, queries
from app.accounts.codes import Code, read_code
from app.accounts.forms import CodeForm
from app.core import clock
from app.core.cookies import forget_note
from app.core.format import as_code
from app.core.guards import Claim, Home, current_home, household_gate, public
from app.core.limits import TooManyTries
from app.core.web import page, saved
from app.roster.models import Building
from app.roster.queries import building_by_token

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
_KEPT = "household"
# Where one goes on after the code, by a word in the address: never an address itself (T10).
_ONWARD = {"comments": "comments.page"}

bp = Blueprint("accounts", __name__)


def init_app(app: Flask) -> None:
    """Register the pages and tell the guard how a household is recognised."""
    household_gate.claim = read_claim
    household_gate.load = load_home
    household_gate.refuse = show_the_way_in
    app.register_blueprint(bp)


@bp.route("/b/<string:token>/enter", methods=["GET", "POST"])
@public
def enter(token: str) -> Response:
    """Ask for the code of the slip; a right one opens the household's page, or the one before."""
    building = load_building(token)
    if request.method == "GET":
        session["onward"] = next((word for word in _ONWARD if word == request.args.get("to")), "")
    form = CodeForm()
    typed = read_code(form.code.data) if form.validate_on_submit() else None
    if typed is None:
        return page("accounts/enter.html", form=form, building=building)
    try:
        opened = actions.enter(building.id, typed, current_app.extensions["juyi_config"].code_key)
    except TooManyTries:
        return _told_to_wait(form, building)
    return _begin(opened, building) if opened else _told_to_look_again(form, building, typed)


@bp.post("/leave")
@public
def leave() -> Response:
    """End this browser's household session and forget what it kept of the household."""
    if current_home:
        actions.leave(current_home.session_id)
    _forget()
    flash(_("已经退出。这部手机上不再显示您家的内容。"))
    token = session.get("building")
    response = saved("rounds.building", token=token) if token else saved("rounds.check")
    # Not "cookies": the language and a poster's building may stay, they are nobody's secret.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def load_home() -> Home | None:
    """The household this browser speaks for, while the session is neither idle nor too old."""
    claim = read_claim()
    return queries.home_of_session(claim) if claim else None


def read_claim() -> Claim | None:
    """The session that this browser's cookie names, unless it is idle."""
    kept = session.get(_KEPT)
    if not kept:
        return None
    now = clock.now()
    idle = now.timestamp() - kept["seen"]
    if idle > IDLE.total_seconds():
        return None
    # A new cookie once a minute is enough.
    if idle > 60:
        session[_KEPT] = {**kept, "seen": int(now.timestamp())}
    return Claim(actions.token_digest(kept["token"]), now - ABSOLUTE)


def show_the_way_in() -> Response:
    """To the code page of the last building seen, or to a page that says: scan the poster."""
    if request.accept_mimetypes.best == "application/json":
        return make_response({"error": _("请先填户码。"), "status": "signed-out"}, 401)
    token = session.get("building")
    if token is None:
        return page("accounts/scan.html", status=401)
    was_in = _KEPT in session
    _forget()
    flash(
        _("为了安全，请再填一次户码。没有提交的内容还没有计入。") if was_in else _("请先填户码。")
    )
    onward = request.blueprint if request.blueprint in _ONWARD else None
    return make_response(redirect(url_for("accounts.enter", token=token, to=onward), 303))


def load_building(token: str) -> Building:
    """The building of a poster, or 404; this browser remembers it."""
    building = building_by_token(token) or abort(404)
    session["building"] = building.token
    return building


def _begin(opened: str, building: Building) -> Response:
    """Bind the browser to the new session; what was known of it before is worth nothing now."""
    if current_home:
        actions.leave(current_home.session_id)
    _forget()
    session.permanent = True
    session[_KEPT] = {"token": opened, "seen": int(clock.now().timestamp())}
    onward = _ONWARD.get(session.pop("onward", ""))
    return saved(onward, token=building.token) if onward else saved("rounds.home")


def _forget() -> None:
    session.pop(_KEPT, None)
    # What the household filled in and has not sent yet.
    forget_note("ballot")
    # Forms that were loaded for another household must not be sent for this one.
    session.pop("csrf_token", None)


def _told_to_look_again(form: CodeForm, building: Building, typed: Code) -> Response:
    """The same answer whichever part of the code is wrong (THREATS.md T01)."""
    form.code.data = as_code(typed.digits)
    form.code.errors = [
        _(
            "户码不对。请对着户码单，四个数字一组再看一遍；也看看户码单是不是%(building)s的。",
            building=building.name,
        )
    ]
    return page("accounts/enter.html", form=form, building=building)


def _told_to_wait(form: CodeForm, building: Building) -> Response:
    form.code.data = ""
    form.form_errors = [
        _("这个户码今天试的次数太多了，明天才能再试。着急就打社区电话，换一张新户码单，马上能用。")
    ]
    response = page("accounts/enter.html", form=form, building=building)
    response.status_code = 429
    return response
