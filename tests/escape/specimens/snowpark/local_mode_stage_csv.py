# attempt: reads a file of a stage of the local testing mode
# goal: file
# stopped by: language, worker

from snowflake.snowpark import Session, types


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    session.file.put(CANARY_CSV, "@~/in", auto_compress=False)
    reader = session.read.option("SKIP_HEADER", 1).schema(
        types.StructType([types.StructField("a", types.LongType())])
    )
    return float(reader.csv("@~/in").collect()[0][0])
