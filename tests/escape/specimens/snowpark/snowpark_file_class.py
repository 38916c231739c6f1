# attempt: opens a file by the class that procedures use
# goal: file
# stopped by: language, worker

import snowflake.snowpark


def calc_metric(df):
    from snowflake.snowpark.files import SnowflakeFile

    SnowflakeFile.open(CANARY_TXT, require_scoped_url=False)
    return float(SnowflakeFile.open(CANARY_TXT, require_scoped_url=False).read())
