# attempt: fetches a file of a stage to a place of its choice
# goal: write
# stopped by: language, worker

from snowflake.snowpark import Session


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    session.file.put(CANARY_TXT, "@~", auto_compress=False)
    session.file.get("@~/credentials.txt", CANARY_OUTPUT)
    return 1.0
