# attempt: builds the message of a read itself
# goal: file
# stopped by: language, gateway, server

import pyspark


def calc_metric(df):
    proto = pyspark.sql.connect.proto
    client = df.sparkSession._client
    plan = proto.Plan()
    plan.root.read.data_source.format = "text"
    plan.root.read.data_source.paths.append(CANARY_TXT)
    table, _, _, _, _ = (
        client._execute_and_fetch(client._execute_plan_request_with_metadata()) if False else (None,) * 5
    )
    request = client._execute_plan_request_with_metadata()
    request.plan.CopyFrom(plan)
    table = client._execute_and_fetch(request, {})[0]
    return float(table["value"][0].as_py())
