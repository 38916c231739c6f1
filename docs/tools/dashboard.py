"""`python -m docs.tools.dashboard`: write docs/grafana.json, a dashboard of what is shown at /metrics.

It is built with Grafana's own library, whose types are made from Grafana's schema. A test says whether the
file is current, and whether each name that it asks for is one of ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parents[1] / "grafana.json"
_SERIES: Final = '{account=~"$account", model=~"$model", metric=~"$metric", segment=~"$segment"}'
_BAD: Final = f'{_SERIES[:-1]}, status!="ok"}}'
_CROSSED: Final = f'{_SERIES[:-1]}, state="crossed"}}'
_LEGEND: Final = "{{model}} / {{metric}} {{name}} {{segment}}"
# Title, unit, query and legend of each panel; those of values first.
_PANELS: Final = (
    ("Newest values", "short", f"calcmetric_value{_SERIES}", _LEGEND),
    ("Series without a number", "short", f"sum by (status) (calcmetric_value_state{_BAD})", "{{status}}"),
    ("Rules crossed", "short", f"calcmetric_rule_state{_CROSSED}", f"{{{{rule}}}}: {_LEGEND}"),
    ("Age of the newest values", "s", f"time() - calcmetric_value_end_timestamp_seconds{_SERIES}", _LEGEND),
    ("Rows behind the newest values", "short", f"calcmetric_value_rows{_SERIES}", _LEGEND),
    ("Series beyond the cap", "short", "calcmetric_values_left_out", "left out"),
    ("Results by status", "short", "sum by (status) (rate(calcmetric_results_total[15m]))", "{{status}}"),
    ("Work by state", "short", "calcmetric_work", "{{state}}"),
    ("Requests", "reqps", "sum by (status) (rate(calcmetric_http_requests_total[5m]))", "{{status}}"),
)  # fmt: skip
_VARIABLES: Final = ("account", "model", "metric", "segment")


def dashboard() -> str:
    """The dashboard as JSON."""
    from grafana_foundation_sdk.builders import common, prometheus, timeseries
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    source = DataSourceRef(type_val="prometheus", uid="${datasource}")
    made: Any = builders.Dashboard("calcmetric").uid("calcmetric").tags(["calcmetric"])
    made.refresh("1m").time("now-30d", "now").timezone("browser")
    made.with_variable(builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    for name in _VARIABLES:
        variable: Any = builders.QueryVariable(name).datasource(source).include_all(True).multi(True)
        made.with_variable(variable.query(f"label_values(calcmetric_value_state, {name})").all_value(".*"))
    for title, unit, query, legend in _PANELS:
        panel: Any = timeseries.Panel().title(title).unit(unit).datasource(source).span(12).height(8)
        panel.legend(common.VizLegendOptions().show_legend(True)).tooltip(common.VizTooltipOptions())
        asked = prometheus.Dataquery().expr(query).ref_id("A")
        made.with_panel(panel.with_target(asked.legend_format(legend)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


if __name__ == "__main__":
    FILE.write_text(dashboard())
