"""Every action leaves its mark in the journal, and a view that only reads calls none."""

import ast
from functools import cache

from tests.structure.source import calls, decorators, functions, imports, modules, public_functions

# Public functions of an actions.py that change nothing anybody must be able to prove later.
NEED_NO_ENTRY = {
    "app.accounts.actions.prepare_codes": "hashes beforehand; `issue_codes` writes and records",
    "app.accounts.actions.selectors_in_use": "only reads, for `prepare_codes`",
    "app.accounts.actions.home_ref": "only reads, for `prepare_codes`",
    "app.comments.actions.agree_with": "a number beside a comment; who agrees is nobody's business",
    "app.comments.actions.take_agreement_back": "as `agree_with`",
    "app.comments.actions.report_comment": "only asks the office to look; what it does is recorded",
    "app.comments.actions.may_change": "only tells",
    "app.comments.actions.check_in_sight": "only refuses",
    "app.comments.actions.check_there": "only refuses",
    "app.comments.actions.keep_earlier": "the action that replaces the text records its commitment",
    "app.comments.actions.lock": "only waits",
    "app.demo.actions.refuse_when_filled": "only refuses",
    "app.demo.actions.summary_of": "only tells what was made",
    "app.notices.actions.tell": "says what was recorded by whoever calls it",
    "app.doors.actions.share_out": "who walks where changes nobody's word or right",
    "app.doors.actions.take_back": "as `share_out`",
    "app.notices.actions.tell_each": "as `tell`",
    "app.notices.actions.tell_phone": "as `tell`; a code asked for proves nothing",
    "app.notices.actions.unheard": "only keeps `tell` from telling",
    "app.paper.actions.check_unused": "only refuses",
    "app.paper.actions.purge_expired": "deletes what can be laid out again; numbers are recorded",
    "app.projects.actions.refuse_unless_draft": "only refuses",
    "app.projects.actions.refuse_unless_waiting": "only refuses",
    "app.reports.actions.order_posters": "queues the work; the task records what was printed",
    "app.reports.actions.order_slips": "queues the work; `issue_codes` records",
    "app.reports.actions.purge_expired": "deletes codes nobody may keep; issuing is recorded",
}


def test_every_action_records_what_it_did() -> None:
    silent = [
        f"{module.name}.{function.name}"
        for module in modules()
        if module.part == "actions" and module.feature != "journal"
        for function in public_functions(module)
        if f"{module.name}.{function.name}" not in _recording()
    ]
    assert [name for name in silent if name not in NEED_NO_ENTRY] == []


def test_the_list_of_exceptions_names_only_actions_that_exist_and_record_nothing() -> None:
    actions = {
        f"{module.name}.{function.name}"
        for module in modules()
        if module.part == "actions"
        for function in public_functions(module)
    }
    assert set(NEED_NO_ENTRY) <= actions - _recording()


def test_a_page_that_is_only_read_calls_no_action() -> None:
    writing = []
    for module in modules():
        if not module.part.endswith("views"):
            continue
        actions = {
            found.alias
            for found in imports(module.tree)
            if found.target.endswith(".actions") and found.target != found.origin
        }
        for function in functions(module):
            is_read = any(name.endswith(".get") for name in decorators(function))
            for name, call in calls(function) if is_read else ():
                owner = call.func.value if isinstance(call.func, ast.Attribute) else None
                if name == "saved" or (isinstance(owner, ast.Name) and owner.id in actions):
                    writing.append(f"{module.where}:{call.lineno} {name}")
    assert writing == []


@cache
def _recording() -> frozenset[str]:
    """Dotted names of all functions that call `journal.actions.record`, directly or not."""
    callees: dict[str, set[str]] = {}
    for module in modules():
        known = {f.name: f"{module.name}.{f.name}" for f in functions(module)}
        known |= {i.alias: f"{i.origin}.{i.name}" for i in imports(module.tree) if i.name}
        for function in functions(module):
            called = {_resolve(call.func, known) for _name, call in calls(function)}
            callees.setdefault(f"{module.name}.{function.name}", set()).update(called)
    recording = {"app.journal.actions.record"}
    while more := {name for name, called in callees.items() if called & recording} - recording:
        recording |= more
    return frozenset(recording)


def _resolve(function: ast.expr, known: dict[str, str]) -> str:
    if isinstance(function, ast.Name):
        return known.get(function.id, "")
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{known.get(function.value.id, '')}.{function.attr}"
    return ""
