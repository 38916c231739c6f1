# attempt: makes a temporary file through Snowpark's tools
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    tools = snowpark.file_operation.tempfile
    tools.NamedTemporaryFile(dir=CANARY_OUTPUT.rpartition("/")[0], delete=False).write(b"stolen")
    return 1.0
