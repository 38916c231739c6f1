# attempt: hands the builder a connection of its own
# goal: network
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    class Connection:
        def __getattr__(self, name):
            snowpark.async_job.snowflake.connector.connection_diagnostic.socket.create_connection(
                ("127.0.0.1", CANARY_PORT), timeout=1
            )

    snowpark.Session.builder.configs({"connection": Connection()}).create()
    return 1.0
