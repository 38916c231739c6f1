"""What the service says of itself, held against generated requests: it never fails, and does as it says."""

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.service.conftest import connect, make_client, serving

pytestmark = pytest.mark.slow

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
COUNT = "def calc_metric(df):\n    return float(df.count())\n"


def test_generated_requests_are_answered_or_refused(app, settings, payments):
    with serving(app) as url, connect(url, timeout=60) as http:
        client = make_client(http, settings)
        model, _, _ = client.model(payments)
        known = {"account": "acme", "workspace": "fraud", "model_id": model}
        known["metric_id"] = client.metric(model, COUNT)
        statuses = set()

        def ask(case):
            parts = case.path_parameters or {}
            if case.method == "DELETE" and {"model_id", "metric_id"} & set(parts):
                return
            case.path_parameters = {name: known.get(name, value) for name, value in parts.items()}
            response = case.call(headers={"Authorization": f"Bearer {client.key}"}, timeout=60)
            case.validate_response(response, checks=CHECKS)
            statuses.add(response.status_code)

        few = hypothesis.settings(
            max_examples=25,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        operations = list(schemathesis.openapi.from_url(url + "/openapi.json").get_all_operations())
        for operation in operations:
            assert isinstance(operation, Ok)
            few(hypothesis.given(case=operation.ok().as_strategy())(ask))()
    assert len(operations) > 20 and {200, 404, 422} <= statuses
