# attempt: leaves a function for the end of the process
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    session = snowpark.session
    session.atexit.register(snowpark.dataframe_reader.os.mkdir, CANARY_OUTPUT)
    session.atexit._run_exitfuncs()
    return 1.0
