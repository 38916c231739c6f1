"""Pages of lists: bare arrays, oldest first; and queries that name what there is not, refused.

Without `limit` and `after` a list is its newest thousand. With one of them it is read from its beginning, or
from where the page before ended: `Link: <...>; rel="next"` leads on. The place is a row's number, so that
a page goes on where it was though rows were deleted meanwhile.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Depends, Query, Request, Response
from fastapi.dependencies.models import Dependant
from sqlalchemy.orm import Session

from engine.service.problems import ApiProblem, unprocessable
from engine.service.store.tables import (
    DataSegment,
    DataSource,
    Metric,
    MetricVersion,
    Model,
    ModelVersion,
    RunEvent,
    StoredDataset,
)

MOST: Final = 1_000
_PLACE: Final = re.compile(r"\d{1,18}", re.ASCII)
_LAST: Final = 2**31 - 1
_SHOWN: Final = 50
_Row = TypeVar(
    "_Row", Model, ModelVersion, DataSegment, DataSource, StoredDataset, Metric, MetricVersion, RunEvent
)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list a request wants, and its answer, whose head says where the next one begins."""

    limit: int | None
    after: int | None
    request: Request
    response: Response

    def read(
        self, session: Session, query: sa.Select[_Row], table: type[_Row], most: int = MOST
    ) -> list[_Row]:
        """The rows of this part, oldest first.

        Args:
            session: a transaction.
            query: all of the list.
            table: what its rows are; their `seq` gives the order.
            most: how many rows at most, whatever is asked for.
        """
        size, place = min(self.limit or most, most), table.seq
        query = query.order_by(None)
        if self.limit is None and self.after is None:
            newest = list(session.scalars(query.order_by(place.desc()).limit(size + 1)))
            if len(newest) > size:
                self._link("first", {"limit": str(size)})
            return newest[:size][::-1]
        if self.after is not None:
            query = query.where(place > self.after)
        found = list(session.scalars(query.order_by(place).limit(size + 1)))
        if len(found) > size:
            self._link("next", {"limit": str(size), "after": str(found[size - 1].seq)})
        return found[:size]

    def _link(self, name: str, changed: dict[str, str]) -> None:
        # Relative to the host, which a proxy may call otherwise.
        query = urlencode({**dict(self.request.query_params), **changed})
        self.response.headers["Link"] = f'<{self.request.url.path}?{query}>; rel="{name}"'


def _page(
    request: Request,
    response: Response,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST, description="of one page, from the oldest on; without it, the newest 1,000"),
    ] = None,
    after: Annotated[
        str | None, Query(max_length=64, description="the cursor in the `Link` header of the previous page")
    ] = None,
) -> Page:
    if after is not None and not _PLACE.fullmatch(after):
        raise unprocessable("after", "invalid cursor; use the one in the `Link` header of the previous page")
    return Page(limit, None if after is None else min(int(after), _LAST), request, response)


PageOf = Annotated[Page, Depends(_page)]


async def refuse_unknown(request: Request) -> None:
    """Refuse a query with parameters that the resource does not have, or has once.

    Raises:
        ApiProblem: there are some; a misspelt filter would else answer with what it was to leave out.
    """
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = sorted(_parameters(request.scope["route"].dependant))
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    wrong = {name: f"this resource has no such parameter; {takes}" for name in given if name not in known}
    wrong |= {name: "it is given more than once" for name in known if given[name] > 1}
    if wrong:
        listed = list(wrong.items())[:_SHOWN]
        shown = [{"field": f"query.{name[:64]}", "message": message} for name, message in listed]
        said = "; ".join(f"{one['field']}: {one['message']}" for one in shown[:3])
        raise ApiProblem(422, "unprocessable", said, problems=shown)


def _parameters(dependant: Dependant) -> Iterator[str]:
    """The names of all parameters of a query that a resource, or what it depends on, takes."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)
