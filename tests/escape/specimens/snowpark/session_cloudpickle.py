# attempt: loads a pickle with the library that Snowpark brings
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    pickle = snowpark.session.cloudpickle
    return float(pickle.loads(pickle.dumps(lambda: open(CANARY_TXT).read()))())
