"""Who may open what: a line for every address of the program, read by test_authorisation.py.

An address without a line fails, and what no line allows is forbidden. `get` and `post` name roles
of staff, or `public` (anybody at all) or `home` (a household with its code). An admin may do what
any role may. Unless `scoped` is False, what an address names must lie in one's own area; `own`
marks what belongs to whoever asked for it and to nobody else. `proof` says that one is asked again
who one is. `at` fills parameters that are words (`name`), so that an address may have two lines;
`things` says what a parameter means that means several things (`change_id`).
"""

from dataclasses import dataclass, field

PUBLIC, HOME = "public", "home"
DESK = "worker office district"
OFFICES = "office district"
# Whoever looks over the office's shoulder reads boards, cases, the register and results.
AUDITED = f"{DESK} auditor"
# Whoever draws and builds reads the plan.
PLANNED = f"{DESK} designer builder"
# Who sits with somebody at their door, and who proposes what to answer.
HELPERS, PROPOSE = "worker office", "designer builder"
EVERYBODY = "worker office district designer builder auditor"


@dataclass(frozen=True)
class Row:
    """One address: who may ask for it, who may send to it, and within what."""

    endpoint: str
    get: str = ""
    post: str = ""
    scoped: bool = True
    own: str = ""
    proof: bool = False
    at: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)

    def allows(self, who: str, method: str) -> bool:
        """Whether `who` (a role, `anonymous` or `household`) comes in, in their own area."""
        named = (self.get if method == "get" else self.post).split()
        if PUBLIC in named:
            return True
        if who in ("anonymous", "household"):
            return who == "household" and HOME in named
        return who in named or (who == "admin" and bool(named) and HOME not in named)


MATRIX = (
    # The site.
    Row("site.start", PUBLIC, scoped=False),
    Row("site.healthz", PUBLIC, scoped=False),
    Row("site.readyz", PUBLIC, scoped=False),
    Row("site.language", "", PUBLIC, scoped=False, at={"name": "en"}),
    Row("site.size", "", PUBLIC, scoped=False, at={"name": "large"}),
    Row("site.job_progress", DESK, own="posters"),
    # Residents.
    Row("rounds.building", PUBLIC, scoped=False),
    Row("rounds.rules", PUBLIC, scoped=False),
    Row("rounds.register", PUBLIC, scoped=False),
    Row("rounds.check", PUBLIC, scoped=False),
    Row("rounds.receipt", PUBLIC, scoped=False),
    Row("projects.plan", PUBLIC, scoped=False),
    Row("projects.picture", PUBLIC, scoped=False),
    Row("comments.page", PUBLIC, scoped=False),
    Row("accounts.enter", PUBLIC, PUBLIC, scoped=False),
    Row("accounts.phone_code", PUBLIC, scoped=False),
    Row("accounts.leave", "", PUBLIC, scoped=False),
    Row("accounts.homes", HOME, HOME, scoped=False),
    Row("accounts.phones", HOME, scoped=False),
    Row("accounts.leave_everywhere", "", HOME, scoped=False),
    Row("rounds.home", HOME, scoped=False),
    Row("doors.contacts", HOME, scoped=False),
    Row("rounds.vote", HOME),
    Row("rounds.edit", HOME),
    Row("rounds.prepare", "", HOME),
    Row("rounds.review", HOME),
    Row("rounds.cast", "", HOME),
    Row("rounds.reaffirm", "", HOME),
    Row("rounds.status", HOME),
    Row("rounds.object", HOME, HOME),
    Row("rounds.disown", HOME, HOME),
    Row("comments.write", "", HOME),
    Row("comments.change", HOME, HOME),
    Row("comments.withdraw", HOME, HOME),
    Row("comments.agree", "", HOME),
    Row("comments.take_back", "", HOME),
    Row("comments.report", HOME, HOME),
    # Signing in, and the people of the desk.
    Row("accounts_login.login", PUBLIC, PUBLIC, scoped=False),
    Row("accounts_login.logout", "", PUBLIC, scoped=False),
    Row("accounts_login.enrol", PUBLIC, PUBLIC, scoped=False),
    Row("accounts_login.invite", PUBLIC, PUBLIC, scoped=False),
    Row("accounts_me.prove", EVERYBODY, EVERYBODY, scoped=False),
    Row("accounts_me.me", EVERYBODY, scoped=False),
    Row("accounts_me.password", EVERYBODY, EVERYBODY, scoped=False, proof=True),
    Row("accounts_me.renew", EVERYBODY, EVERYBODY, scoped=False, proof=True),
    Row("accounts_me.recovery_codes", EVERYBODY, EVERYBODY, scoped=False, proof=True),
    Row("accounts_me.end_sign_in", "", EVERYBODY, own="sign-in"),
    Row("accounts_staff.people", OFFICES, scoped=False),
    Row("accounts_staff.export", OFFICES, scoped=False, proof=True),
    Row("accounts_staff.add_person", OFFICES, OFFICES, scoped=False, proof=True),
    Row("accounts_staff.person", OFFICES),
    Row("accounts_staff.standing", OFFICES, OFFICES, proof=True),
    Row("accounts_staff.invite", OFFICES, OFFICES, proof=True),
    Row("accounts_staff.invitation", OFFICES),
    Row("accounts_staff.close_person", OFFICES, OFFICES, proof=True),
    Row("accounts_staff.vouch", OFFICES, OFFICES, proof=True),
    Row("accounts_staff.end_sign_in", "", OFFICES, proof=True),
    Row("accounts_journal.journal", "office district auditor", scoped=False),
    # The roster.
    Row("roster_staff.upload", DESK, DESK, scoped=False),
    Row("roster_staff.template_file", DESK, scoped=False),
    Row("roster_staff.import_page", DESK, own="roster-preview"),
    Row("roster_staff.error_sheet", DESK, own="roster-preview"),
    Row("roster_staff.confirm", "", DESK, own="roster-preview", proof=True),
    Row("roster_staff.facts", DESK, DESK),
    Row("roster_staff.households", DESK),
    Row("roster_staff.edit_home", DESK, DESK),
    # Plans.
    Row("projects_staff.project", DESK, DESK),
    Row("projects_staff.plan_version", PLANNED),
    Row("projects_staff.preview", PLANNED),
    Row("projects_staff.differences", PLANNED),
    Row("projects_staff.summary", DESK, DESK),
    Row("projects_staff.items", DESK, DESK),
    Row("projects_staff.money", DESK, DESK),
    Row("projects_staff.design", DESK, DESK),
    Row("projects_staff.construction", DESK, DESK),
    Row("projects_staff.management", DESK, DESK),
    Row("projects_staff.pictures", DESK, DESK),
    Row("projects_staff.documents", DESK, DESK),
    Row("projects_staff.remove", DESK, DESK),
    Row("projects_staff.submit", "", DESK),
    Row("projects_staff.publish", OFFICES, OFFICES, proof=True),
    Row("projects_staff.return_", OFFICES, OFFICES),
    Row("projects_staff.new_version", "", DESK),
    # Rounds: questions, register, life.
    Row("rounds_staff.draft", DESK, DESK),
    Row("rounds_staff.edit", DESK, DESK),
    Row("rounds_staff.preflight", AUDITED),
    Row("rounds_staff.remarks", DESK),
    Row("rounds_staff.step", DESK, DESK, at={"name": "submit"}, proof=True),
    Row("rounds_staff.step", OFFICES, OFFICES, at={"name": "certify"}, proof=True),
    Row("rounds_staff.withdraw", OFFICES, OFFICES),
    Row("rounds_matters.matters", DESK),
    Row("rounds_matters.add", DESK, DESK),
    Row("rounds_matters.remove", DESK, DESK),
    Row("rounds_matters.profile", DESK, DESK),
    Row("cases_register.register", AUDITED),
    Row("cases_register.entry", AUDITED),
    Row("cases_register.add", DESK, DESK, proof=True),
    Row("cases_register.remove", DESK, DESK, proof=True),
    Row("cases_register.correct", DESK, DESK, proof=True),
    Row("cases_register.transfer", DESK, DESK, proof=True),
    # Cases.
    Row("cases.decisions", AUDITED),
    Row("cases.decision", AUDITED),
    Row("cases.approve", OFFICES, OFFICES, proof=True),
    Row("cases.decline", OFFICES, OFFICES),
    Row("cases.extend", DESK, DESK),
    Row("cases.change_plan", DESK, DESK),
    Row("cases.conflicts", AUDITED),
    Row("cases.resolve", DESK, DESK),
    Row("cases.dispute", DESK, DESK),
    Row("cases.settle", OFFICES, OFFICES),
    Row("cases.objections", AUDITED),
    Row("cases.raise_objection", DESK, DESK),
    Row("cases.objection", AUDITED),
    Row("cases.take", "", DESK),
    Row("cases.answer", DESK, DESK),
    Row("cases.audit", AUDITED),
    Row("cases.check", OFFICES, OFFICES),
    # The queue of cases, and what is done with one besides settling it.
    Row("cases.queue", DESK, scoped=False),
    Row("cases.take_over", "", DESK, scoped=False),
    Row("cases.export", DESK, scoped=False, proof=True),
    Row("cases.hand_over", DESK, DESK, at={"kind": "conflict"}),
    Row("cases.move_due", DESK, DESK, at={"kind": "conflict"}),
    Row("cases.write_note", DESK, DESK, at={"kind": "conflict"}),
    Row("cases.disputed", AUDITED),
    Row("cases.ledger", AUDITED, proof=True),
    # A worker sees only what they took themselves: it may tell what a household chose.
    Row("cases.decision_photo", OFFICES),
    Row("cases.objection_photo", OFFICES),
    # Doors.
    Row("doors_staff.doors", DESK),
    Row("doors_staff.walk", DESK),
    Row("doors_staff.calls", DESK),
    Row("doors_staff.door", DESK),
    Row("doors_staff.visit", "", DESK),
    Row("doors_staff.contact", DESK, DESK),
    Row("doors_staff.doors_sheet", DESK, proof=True),
    Row("doors_staff.visits_sheet", DESK, proof=True),
    Row("doors_staff.print_page", DESK),
    Row("doors_staff.print_pdf", DESK),
    Row("doors_staff.share_out", "", DESK),
    Row("doors_staff.shared", DESK, things={"change_id": "assignment"}),
    Row("doors_staff.undo", "", DESK, things={"change_id": "assignment"}),
    Row("doors_staff.undo_visit", "", DESK),
    Row("doors_assist.begin", HELPERS, HELPERS),
    Row("doors_assist.ballot", HELPERS, own="assisted"),
    Row("doors_assist.prepare", "", HELPERS, own="assisted"),
    Row("doors_assist.review", HELPERS, own="assisted"),
    Row("doors_assist.cast", "", HELPERS, own="assisted"),
    Row("doors_assist.done", HELPERS, own="assisted"),
    Row("doors_assist.end", "", HELPERS, own="assisted"),
    # Paper.
    Row("paper.queue", DESK, scoped=False),
    Row("paper.overview", DESK),
    Row("paper.register", DESK),
    Row("paper.register_file", DESK, DESK, proof=True),
    Row("paper.batches_file", DESK, proof=True),
    Row("paper.hints", OFFICES),
    Row("paper.print_forms", DESK, DESK),
    Row("paper.print_one", DESK, DESK),
    Row("paper.print_again", "", DESK),
    Row("paper.batch", DESK),
    Row("paper.download", DESK),
    Row("paper.hand_out", DESK, DESK),
    Row("paper.hand_out_many", "", DESK),
    Row("paper.take_in", DESK, DESK),
    Row("paper.take_in_many", "", DESK),
    Row("paper.enter", DESK, DESK),
    Row("paper.form", DESK),
    Row("paper.by_serial", DESK),
    Row("paper.key", DESK, DESK),
    Row("paper.photo", DESK),
    Row("paper.photo_of_vote", OFFICES),
    Row("paper.void", OFFICES, OFFICES),
    Row("paper.judge_void", OFFICES, OFFICES),
    # Households.
    Row("households.search", DESK, scoped=False),
    Row("households.export", DESK, DESK, scoped=False, proof=True),
    Row("households.messages", DESK, scoped=False),
    Row("households.home", DESK),
    Row("households.phones", DESK, DESK, proof=True),
    Row("households.owners", DESK, DESK, proof=True),
    Row("households.occupancy", DESK, DESK),
    Row("households.sign_out", DESK, DESK),
    Row("households.changes", DESK, scoped=False),
    Row("households.change", DESK),
    Row("households.photo", DESK),
    Row("households.approve", OFFICES, OFFICES, proof=True),
    Row("households.decline", DESK, DESK),
    Row("households.look", OFFICES, OFFICES, proof=True),
    Row("households.opened", OFFICES, own="look"),
    # Comments.
    Row("comments_staff.queue", PLANNED, scoped=False),
    Row("comments_staff.reply", PLANNED, PLANNED),
    Row("comments_staff.release", DESK, DESK),
    Row("comments_staff.keep", "", DESK),
    Row("comments_staff.remove", DESK, DESK),
    Row("comments_staff.take_up", DESK, DESK),
    Row("comments_staff.screenings", OFFICES, scoped=False),
    Row("comments_staff.screening", OFFICES, OFFICES),
    Row("comments_staff.assign", DESK, DESK),
    Row("comments_staff.export", DESK, scoped=False, proof=True),
    Row("comments_staff.figures", DESK, scoped=False),
    Row("comments_staff.propose", PROPOSE, PROPOSE),
    Row("comments_staff.release_many", DESK, DESK, scoped=False),
    Row("comments_staff.restore", DESK, DESK),
    Row("reply_templates.overview", DESK, scoped=False),
    Row("reply_templates.add", DESK, DESK, scoped=False),
    Row("reply_templates.change", DESK, DESK),
    Row("reply_templates.delete", DESK, DESK),
    # Prints.
    Row("reports_staff.prints", DESK),
    Row("reports_staff.poster_page", DESK),
    Row("reports_staff.posters", "", DESK),
    Row("reports_staff.posters_printed", "", DESK),
    Row("reports_staff.homes", "worker office"),
    Row("reports_staff.slips", "worker office", "worker office", proof=True),
    Row("reports_staff.job", DESK, own="posters"),
    Row("reports_staff.download", DESK, own="posters"),
    Row("reports_staff.notice", AUDITED),
    Row("reports_staff.notice_pdf", AUDITED),
    # The desk.
    Row("desk.home", AUDITED, scoped=False),
    Row("desk.compound", AUDITED),
    Row("desk.board", AUDITED),
    Row("desk.live", AUDITED),
    Row("desk.compounds", AUDITED, scoped=False),
    Row("desk.compounds_sheet", DESK, scoped=False),
    Row("desk.board_sheet", DESK),
    Row("desk.building", AUDITED),
    Row("desk.building_live", AUDITED),
    Row("desk.share", DESK),
    Row("desk.share_picture", DESK),
    Row("doors_staff.doors", DESK),
)

# Addresses that ask for a parameter in the query, by the thing of the world that it means.
QUERIES = {"reports_staff.homes": {"building": "building_id"}}

# Where the name and the phone of a household may be read (THREATS.md T05), and by whom.
TELLS_NAMES = {"households.home": DESK}
TELLS_PHONES = {"doors_staff.door": DESK}
