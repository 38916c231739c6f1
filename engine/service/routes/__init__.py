"""The resources of the service, each with its paths."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from engine.service.admission.requests import authenticate, take_request_slot
from engine.service.lists import refuse_unknown
from engine.service.problems import described
from engine.service.routes import metrics, models, results, rules, runs, segments, validate, versions
from engine.service.telemetry.observe import PREFIX

API = APIRouter(
    prefix=PREFIX,
    dependencies=[Depends(authenticate), Depends(take_request_slot), Depends(refuse_unknown)],
    responses=described(),
)
# `validate` stands before `metrics`, whose paths would take its name for an id.
for resource in (models, versions, segments, validate, results, rules, metrics, runs):
    API.include_router(resource.router)
