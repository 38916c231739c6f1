# attempt: uses the connection pool inside the connector
# goal: network
# stopped by: language, worker

import snowflake


def calc_metric(df):
    from snowflake.connector.vendored import urllib3

    urllib3.PoolManager(retries=False, timeout=1).request("GET", f"http://127.0.0.1:{CANARY_PORT}/")
    return 1.0
