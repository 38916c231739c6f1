# attempt: writes a table into a database
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    import sqlite3

    pd.DataFrame({"a": [1]}).to_sql("t", sqlite3.connect(CANARY_OUTPUT))
    return 1.0
