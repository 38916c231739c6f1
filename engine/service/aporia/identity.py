"""Signing in: the library asks for its workspace before it does anything else."""

from __future__ import annotations

from fastapi import APIRouter

from engine.service.admission.requests import ScopeOf
from engine.service.aporia.answers import Workspace

router = APIRouter(tags=["for Aporia's clients"])


@router.get(
    "/v1/identity-service/accounts/{account}/workspaces/{workspace}",
    response_model=Workspace,
)
def get_workspace(scope: ScopeOf) -> dict[str, str]:
    """The workspace, for a key that opens it."""
    return {"id": scope.workspace, "name": scope.workspace, "account": scope.account}
