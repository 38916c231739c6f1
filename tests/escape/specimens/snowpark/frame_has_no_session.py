# attempt: takes its frame for a frame of Snowpark, and asks its session for a table
# goal: tenant
# stopped by: engine

import snowflake.snowpark


def calc_metric(df):
    return float(df.session.table("their_view").collect()[0][0])
