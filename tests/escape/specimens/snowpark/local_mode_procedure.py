# attempt: runs a stored procedure in the local testing mode
# goal: file
# stopped by: language, worker

from snowflake.snowpark import Session, functions, types


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    read = functions.sproc(
        lambda session: open(CANARY_TXT).read(), return_type=types.StringType(), packages=[], session=session
    )
    return float(read(session=session))
