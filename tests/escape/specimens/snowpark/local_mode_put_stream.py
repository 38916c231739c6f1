# attempt: has the local testing mode write a stream to disk, and copies that
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark
from snowflake.snowpark import Session


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    session.file.put_stream(open(CANARY_TXT, "rb"), "@~/in/stolen", auto_compress=False)
    session.file.get("@~/in/stolen", CANARY_OUTPUT)
    return 1.0
