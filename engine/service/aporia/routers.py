"""All that only Aporia's clients ask for: beside our own resources, and at addresses of its own."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends

from engine.service.admission.requests import authenticate, take_request_slot
from engine.service.aporia import data_sources, datasets, extended, fields, identity, query, refused
from engine.service.lists import refuse_unknown
from engine.service.problems import described
from engine.service.telemetry.observe import PREFIX

_GUARDS: Final = [Depends(authenticate), Depends(take_request_slot)]

BESIDE: Final = APIRouter(
    prefix=PREFIX, dependencies=[*_GUARDS, Depends(refuse_unknown)], responses=described()
)
for _one in (data_sources.router, datasets.beside):
    BESIDE.include_router(_one)

# A client may send more than it has to here, as these addresses are not ours.
ELSEWHERE: Final = APIRouter(dependencies=_GUARDS, responses=described())
for _one in (
    identity.router,
    datasets.elsewhere,
    fields.elsewhere,
    extended.elsewhere,
    query.elsewhere,
    refused.outside,
):
    ELSEWHERE.include_router(_one)
ELSEWHERE.include_router(refused.inside, prefix=PREFIX)
