"""Charts of runs, by Altair: bars by segment, lines by window, both as facets.

A chart holds its data, and only texts and numbers: no text of an author or of the data is ever the name of a
field, an expression or an address, so none of them means anything to Vega.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.display.extra import altair
from engine.display.sheets import SIGNS, Sheet, SheetRow, number, sheets_of
from engine.models.result import GOOD, Result

if TYPE_CHECKING:
    from engine.models.run import Run

Picture = Literal["png", "svg"]

_WIDTH: Final = 640
_SMALL_WIDTH, _SMALL_HEIGHT, _COLUMNS = 290, 110, 2
_LABEL_PIXELS: Final = 220
_FONT: Final = "Helvetica, Arial, 'Liberation Sans', sans-serif"
_INKS: Final[Mapping[str, str]] = {
    "ground": "#ffffff", "text": "#24292f", "soft": "#57606a", "grid": "#d8dee4", "mark": "#2c6fbb",
    "bad": "#b42318", "quiet": "#7a6000",
}  # fmt: skip
# Statuses are told apart by a shape as well as by colour.
SHAPES: Final = {
    "nan": "circle", "no_data": "stroke", "missing": "square", "invalid_output": "diamond", "raised": "cross",
    "refused": "triangle-up", "limit": "triangle-right", "lost": "triangle-down",
    "backend_error": "triangle-left", "cancelled": "wedge",
}  # fmt: skip


def chart_of(runs: Sequence[Run], *, most_facets: int | None = None) -> Any:
    """An Altair chart of runs, one part for each number of each.

    Args:
        runs: finished runs.
        most_facets: how many segments it shows at most, all data not counted; None: all.

    Raises:
        UsageError: what draws charts is not installed.
    """
    alt = altair()
    parts = [
        (_lines if sheet.windowed else _bars)(alt, sheet, most_facets).properties(
            title=_title(sheet, most_facets)
        )
        for run in runs
        for sheet in sheets_of(run)
    ]
    return _charted(parts)


def _title(sheet: Sheet, most: int | None) -> str:
    """What a chart is called, and what of it is not drawn."""
    count = len(sheet.rows) - 1
    left_out = "" if most is None or count <= most else f" (the first {most:,} of {count:,} segments)"
    return f"{sheet.title}{left_out}"


def _charted(parts: Sequence[Any]) -> Any:
    soft, grid = _INKS["soft"], _INKS["grid"]
    axis = {"labelColor": soft, "titleColor": soft, "gridColor": grid, "domainColor": grid, "tickColor": grid,
            "labelLimit": _LABEL_PIXELS}  # fmt: skip
    config = {
        "background": _INKS["ground"],
        "font": _FONT,
        # Texts are measured here and drawn by the reader's fonts, which may be wider.
        "padding": {"left": 28, "right": 16, "top": 6, "bottom": 6},
        "axis": axis,
        "header": {"labelColor": _INKS["text"], "labelLimit": _SMALL_WIDTH, "titleColor": soft},
        "legend": {"labelColor": soft, "titleColor": soft},
        "title": {"color": _INKS["text"], "anchor": "start", "limit": 2 * _SMALL_WIDTH},
        "text": {"color": _INKS["text"]},
        "view": {"stroke": None},
    }
    return _still_chart()(vconcat=parts, config=config).resolve_scale(
        color="independent", shape="independent"
    )


@functools.cache
def _still_chart() -> Any:
    alt = altair()

    class StillChart(alt.VConcatChart):  # type: ignore[name-defined, misc]
        """An Altair chart that notebooks show as a picture: Altair's own way loads scripts from elsewhere."""

        def _repr_mimebundle_(self, *_: object, **__: object) -> dict[str, str]:
            return {"image/svg+xml": drawn(self, "svg").decode(), "text/plain": "a chart of calcmetric"}

    return StillChart


def drawn(chart: Any, form: Picture) -> bytes:
    """A chart as a picture."""
    file: io.BytesIO | io.StringIO
    if form == "png":
        chart.save(file := io.BytesIO(), format="png", ppi=144)
        return file.getvalue()
    chart.save(file := io.StringIO(), format="svg")
    return file.getvalue().encode()


def _bars(alt: Any, sheet: Sheet, most: int | None) -> Any:
    rows = sheet.rows if most is None else sheet.rows[: most + 1]
    values = [_point(sheet, row, row.whole) for row in rows if row.whole is not None]
    order = [value["segment"] for value in values]
    y = alt.Y("segment:N", sort=order, title=None, scale=alt.Scale(domain=order))
    x = alt.X("value:Q", title=None, scale=alt.Scale(zero=True))
    base = alt.Chart(alt.InlineData(values=values)).encode(y=y, tooltip=_tooltips(alt))
    bars = base.transform_filter("datum.status === 'ok'").mark_bar(color=_INKS["mark"]).encode(x=x)
    text = (
        base.transform_filter("datum.status === 'ok'")
        .mark_text(align="left", dx=4, fontSize=11, color=_INKS["text"])
        .encode(x=alt.X("end:Q"), text="shown:N")
    )
    bad = (
        base.transform_filter("datum.status !== 'ok'")
        .mark_text(align="left", dx=4, fontSize=11)
        .encode(x=alt.datum(0), text="shown:N", color=_status_colour(alt))
    )
    return alt.layer(bars, text, bad).properties(width=_WIDTH - 60, height={"step": 20})


def _lines(alt: Any, sheet: Sheet, most: int | None) -> Any:
    rows = sheet.rows if most is None else sheet.rows[: most + 1]
    rows = tuple(row for row in rows if row.windows)
    values = [_point(sheet, row, row.windows.get(window), window.start)
              for row in rows for window in sheet.windows]  # fmt: skip
    x = alt.X("start:T", title=None, scale=alt.Scale(type="utc"))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False))
    base = alt.Chart().encode(x=x, tooltip=_tooltips(alt))
    # A line has a gap where there is no number, and a point stands for a number between two gaps.
    line = base.mark_line(color=_INKS["mark"], strokeWidth=1.6, invalid="break-paths-show-path-domains")
    point = base.transform_filter("datum.status === 'ok'").mark_point(
        color=_INKS["mark"], filled=True, size=14, opacity=1
    )
    bad = (
        base.transform_filter("datum.status !== 'ok' && datum.status !== ''")
        .mark_point(size=36, filled=False, strokeWidth=1.6)
        .encode(y=alt.value("height"), color=_status_colour(alt), shape=_status_shape(alt, values))
    )
    layered = [line.encode(y=y), point.encode(y=y)]
    if any(value["status"] not in ("ok", "") for value in values):
        layered.append(bad)
    data = alt.InlineData(values=values)
    if len(rows) == 1:
        return alt.layer(*layered, data=data).properties(width=_WIDTH, height=200)
    cells = alt.layer(*layered).properties(width=_SMALL_WIDTH, height=_SMALL_HEIGHT)
    order = [row.label for row in rows]
    facet = alt.Facet("segment:N", title=None, sort=order, header=alt.Header(labelAnchor="start"))
    return cells.facet(facet, columns=_COLUMNS, data=data).resolve_axis(x="independent")


def _point(sheet: Sheet, row: SheetRow, result: Result | None, start: Any = None) -> dict[str, object]:
    good = result is not None and result.status == "ok"
    value = result.value if result is not None and good else None
    status = "" if result is None else result.status
    shown = number(value) if value is not None else f"{SIGNS[result.status]} {status}" if result else ""
    return {
        "segment": row.label,
        "value": value,
        # Where the text of a bar begins: right of zero, whichever way the bar goes.
        "end": None if value is None else max(value, 0.0),
        "shown": shown,
        "status": status,
        "rows": None if result is None else result.rows,
        # The wall clock of the run's zone, drawn as if it were UTC, so that no reader's zone moves it.
        **({} if start is None else {"start": f"{start.astimezone(sheet.zone):%Y-%m-%dT%H:%M:%S}Z"}),
    }


def _tooltips(alt: Any) -> list[Any]:
    return [alt.Tooltip(f"{name}:N", title=name) for name in ("segment", "shown", "status", "rows")]


def _status_colour(alt: Any) -> Any:
    names = [name for name in SIGNS if name != "ok"]
    colours = [_INKS["quiet"] if name in GOOD else _INKS["bad"] for name in names]
    return alt.Color("status:N", scale=alt.Scale(domain=names, range=colours), legend=None)


def _status_shape(alt: Any, values: Sequence[Mapping[str, object]]) -> Any:
    present = [name for name in SHAPES if any(value["status"] == name for value in values)]
    scale = alt.Scale(domain=present, range=[SHAPES[name] for name in present])
    return alt.Shape("status:N", scale=scale, legend=alt.Legend(title=None, orient="bottom"))
