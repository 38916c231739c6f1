# attempt: has the connector's HTTP library ask for it
# goal: network
# stopped by: language, worker

import snowflake


def calc_metric(df):
    from snowflake.connector.vendored import requests

    requests.get(f"http://127.0.0.1:{CANARY_PORT}/", timeout=1)
    return 1.0
