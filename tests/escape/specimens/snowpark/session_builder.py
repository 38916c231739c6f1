# attempt: opens a session at an address of its choice
# goal: network
# stopped by: language, worker

from snowflake.snowpark import Session


def calc_metric(df):
    settings = dict(
        account="a",
        user="u",
        password="p",
        host="127.0.0.1",
        port=CANARY_PORT,
        protocol="http",
        login_timeout=1,
        network_timeout=1,
    )
    Session.builder.configs(settings).create()
    return 1.0
