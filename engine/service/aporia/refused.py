"""What Aporia had and this service does not offer: one clear error, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.problems import ApiProblem
from engine.service.store.scope import WorkspaceScope

# What is not offered, by the beginnings of its paths, and what there is instead.
INSIDE: Final = {
    "/monitors": ("monitors", "results are at /metrics/code-based-metrics/{id}/results"),
    "/dashboards": ("dashboards", "results are at /metrics/code-based-metrics/{id}/results"),
    "/metrics/custom-metrics": (
        "custom metrics in Aporia's own language",
        "write it in Python, as calc_metric(df), and register it at /metrics/code-based-metrics",
    ),
}
OUTSIDE: Final = {
    "/v1/crud-service/{account}/{workspace}/metrics/custom-metrics": INSIDE["/metrics/custom-metrics"],
    "/v1/messaging-service/{account}/{workspace}/integrate": (
        "messaging integrations",
        "ask for results, or watch /metrics",
    ),
    "/v1/metrics-agency/{account}/{workspace}/default_metrics": (
        "default metrics, and how far their calculation is,",
        "the health of each code-based metric is at /metrics/code-based-metrics/{id}",
    ),
}
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")


def _refusing(paths: dict[str, tuple[str, str]]) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    for path, (what, instead) in paths.items():
        refuse = _refusal(what, instead)
        for route in (path, f"{path}/{{rest:path}}"):
            router.add_api_route(route, refuse, methods=list(_METHODS), response_model=None)
    return router


def _refusal(what: str, instead: str) -> Callable[[WorkspaceScope], None]:
    def refuse(_: ScopeOf) -> None:
        raise ApiProblem(422, "not-offered", f"{what} are not offered by this service", instead)

    return refuse


inside: Final = _refusing(INSIDE)
outside: Final = _refusing(OUTSIDE)
