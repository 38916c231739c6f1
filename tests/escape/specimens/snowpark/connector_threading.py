# attempt: forks in a thread that the connector's tools start
# goal: process
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    os = snowpark.dataframe_reader.os

    def fork():
        if os.fork() == 0:
            os.execv("/bin/sleep", [CANARY_MARK, "30"])

    thread = snowpark.context.threading.Thread(target=fork)
    thread.start()
    thread.join()
    return 1.0
