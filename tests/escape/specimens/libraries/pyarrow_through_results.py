# attempt: reaches Arrow's file systems through a fetched table
# goal: file
# stopped by: language, worker


def calc_metric(df):
    table = df.limit(1).toArrow()
    arrow = type(table).__module__.partition(".")[0]
    return float(__import__(arrow + ".parquet").parquet.read_table(CANARY_PARQUET)["secret"][0].as_py())
