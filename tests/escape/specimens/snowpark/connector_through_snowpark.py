# attempt: finds the connector as a name inside Snowpark
# goal: network
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    connect = snowpark.context.snowflake.connector.connect
    connect(
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
