# attempt: stops another process by what the cursor's module holds
# goal: process
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    tools = snowpark.async_job.snowflake.connector.cursor.signal
    tools.pidfd_send_signal(snowpark.dataframe_reader.os.pidfd_open(CANARY_PID), 19)
    return 1.0
