# attempt: runs SQL on the session that it takes to be there
# goal: network
# stopped by: engine

import snowflake.snowpark as snowpark


def calc_metric(df):
    return float(snowpark.context.get_active_session().sql("select 1").collect()[0][0])
