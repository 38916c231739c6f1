"""The rules of a metric: their states by segment, and a form that adds one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from engine.display.sheets import number, one_line
from engine.results.text import visible_text
from engine.service.errors import ServiceError
from engine.service.pages import render
from engine.service.pages.editing import mendable
from engine.service.pages.guard import PageRoute, Visit, VisitOf
from engine.service.pages.metric import Shown, find_shown
from engine.service.problems import ApiProblem
from engine.service.routes.rules import create_rule, delete_rule
from engine.service.rules.rulebook import rules_of
from engine.service.schemas import RuleBody
from engine.service.state import ServiceState, StateOf

router = APIRouter(prefix="/metric/{metric_id}/rules", route_class=PageRoute, include_in_schema=False)

# States are told apart by a sign as well as by colour.
STATES: Final = {
    "ok": ("\u2713", "ok"),
    "crossed": ("!", "bad"),
    "no_data": ("\u2013", "quiet"),
    "error": ("\u2020", "bad"),
}
_SHOWN: Final = 300


@router.get("")
def show_rules(metric_id: str, state: StateOf, visit: VisitOf) -> Response:
    """The rules with their states."""
    return _page(state, visit, metric_id)


@router.post("")
def add(metric_id: str, state: StateOf, visit: VisitOf) -> Response:
    """Add a rule; with a webhook, its secret is shown this once."""
    try:
        made = create_rule(metric_id, RuleBody.model_validate(_read(visit.form)), visit.scope, state)
    except (ValidationError, ApiProblem, ServiceError) as error:
        return _page(state, visit, metric_id, problem=mendable(error))
    if made["secret"] is None:
        return RedirectResponse(f"/metric/{metric_id}/rules", 303, render.HEADERS)
    return _page(state, visit, metric_id, secret=made["secret"])


@router.post("/{rule_id}/delete")
def remove(metric_id: str, rule_id: str, state: StateOf, visit: VisitOf) -> Response:
    """Delete a rule."""
    delete_rule(metric_id, rule_id, visit.scope, state)
    return RedirectResponse(f"/metric/{metric_id}/rules", 303, render.HEADERS)


def _page(
    state: ServiceState, visit: Visit, metric_id: str, problem: ApiProblem | None = None, secret: str = ""
) -> Response:
    with state.database.reading() as session:
        shown = find_shown(session, visit, metric_id)
        rules = rules_of(session, shown.metric.id)
    return visit.page(
        "rules.html",
        200 if problem is None else problem.status,
        **shown.values("rules"),
        rules=[_rule(shown, rule) for rule in rules],
        problem="" if problem is None else visible_text(problem.message),
        form=visit.form if problem is not None else {},
        secret=secret,
        webhooks=[one_line(one) for one in state.settings.webhooks],
    )


def _rule(shown: Shown, rule: dict[str, Any]) -> dict[str, Any]:
    states = sorted(rule["states"], key=lambda one: one["state"] != "crossed")
    sent = rule["delivery"]
    return {
        "id": rule["id"],
        "name": one_line(rule["name"]),
        "words": words_of(rule),
        "url": one_line(rule["url"] or ""),
        "sent": "" if sent is None else "delivered" if sent["delivered_at"] else sent["error"] or "waits",
        "states": [
            {
                "segment": one_line(one["label"]) or "all data",
                "name": one_line(one["name"] or ""),
                "state": one["state"].replace("_", " "),
                "sign": STATES[one["state"]][0],
                "tone": STATES[one["state"]][1],
                "value": "" if one["value"] is None else number(one["value"]),
                "since": shown.moment(datetime.fromisoformat(one["since"])),
            }
            for one in states[:_SHOWN]
        ],
    }


def words_of(rule: dict[str, Any]) -> str:
    """A rule as people say it."""
    [what] = [name for name in ("above", "below", "changed_by") if rule[name] is not None]
    words = f"{what.replace('_', ' ')} {number(float(rule[what]), 12)}"
    words += f" for {rule['for']} windows" if rule["for"] > 1 else ""
    words += f", of at least {rule['minimum_rows']:,} rows" if rule["minimum_rows"] else ""
    words += f", number {one_line(rule['number'])}" if rule["number"] else ""
    return words + (", on all data only" if rule["segments"] == "overall" else "")


def _read(form: dict[str, str]) -> dict[str, Any]:
    """The body that a form stands for."""
    body: dict[str, Any] = {"name": form.get("name", ""), "segments": form.get("segments", "all")}
    what = form.get("what", "above")
    body[what if what in ("above", "below", "changed_by") else "above"] = _number(form.get("level", ""))
    body["for"] = _number(form.get("for", "") or "1")
    body["minimum_rows"] = _number(form.get("minimum_rows", "") or "0")
    if form.get("url", "").strip():
        body["url"] = form["url"].strip()
    return body


def _number(text: str) -> float | str:
    """A number as it was written; what is none stays a text, which is then refused by its name."""
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    return text
