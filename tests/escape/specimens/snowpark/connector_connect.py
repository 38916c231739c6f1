# attempt: connects with the connector below Snowpark
# goal: network
# stopped by: language, worker

import snowflake.connector


def calc_metric(df):
    snowflake.connector.connect(
        account="a",
        user="u",
        password="p",
        host="127.0.0.1",
        port=CANARY_PORT,
        protocol="http",
        login_timeout=1,
        network_timeout=1,
    )
    return 1.0
