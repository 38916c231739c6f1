"""Validation: a metric tried on a dataset. The body that starts it also polls."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.answers import Cancelled, ValidationShown
from engine.service.schemas import ValidateBody
from engine.service.state import StateOf

router = APIRouter(prefix="/metrics/code-based-metrics/validate", tags=["metrics"])


@router.post("", response_model=ValidationShown, response_model_exclude_unset=True)
async def validate(body: ValidateBody, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Start a validation, or ask how far it is: `status` is "pending", and then "success" or "failed".

    The same body gives the same final answer until the code or the dataset changes, or `restart` is true.
    """
    return await state.validations.poll(scope, body.metric_id, body.dataset_id, restart=body.restart)


@router.delete("", response_model=Cancelled)
def cancel(metric_id: str, dataset_id: str, scope: ScopeOf, state: StateOf) -> dict[str, Any]:
    """Cancel a pending validation."""
    state.validations.cancel(scope, metric_id, dataset_id)
    return {"metric_id": metric_id, "dataset_id": dataset_id, "cancelled": True}
