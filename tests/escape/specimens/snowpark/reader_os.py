# attempt: finds os in Snowpark's reader
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    os = snowpark.dataframe_reader.os
    return float(os.read(os.open(CANARY_TXT, 0), 100))
