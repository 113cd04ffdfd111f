"""What no page of ours sends is refused as a form, not as a bug."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.doors.assist_forms import HelpedForm


@pytest.mark.parametrize("plan", ["9" * 5000, "-1", "0", "²", "", "1.0"])
def test_a_version_that_is_no_number_is_refused_and_never_read(
    app: Flask, session: Session, plan: str
) -> None:
    with app.test_request_context(method="POST"):
        form = HelpedForm(MultiDict({"plan": plan}), meta={"csrf": False})
        assert not form.validate()
        assert "plan" in form.errors
        assert form.plan_number == 0
