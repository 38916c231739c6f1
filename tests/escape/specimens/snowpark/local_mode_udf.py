# attempt: runs a UDF in the local testing mode
# goal: file
# stopped by: language, worker

from snowflake.snowpark import Session, functions, types


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    read = functions.udf(
        lambda x: open(CANARY_TXT).read(),
        return_type=types.StringType(),
        input_types=[types.IntegerType()],
        session=session,
    )
    return float(session.create_dataframe([[1]], schema=["a"]).select(read("a")).collect()[0][0])
