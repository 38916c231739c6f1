# attempt: imports a submodule that loading the package left behind
# goal: file
# stopped by: language, worker

import snowflake


def calc_metric(df):
    import snowflake.connector.file_util as tools

    return float(tools.os.read(tools.os.open(CANARY_TXT, 0), 100))
