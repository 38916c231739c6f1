# attempt: writes a file by attaching a database
# goal: write
# stopped by: language, worker

import sqlite3


def calc_metric(df):
    base = sqlite3.connect(":memory:")
    base.execute(f"attach '{CANARY_OUTPUT}' as other")
    base.execute("create table other.t (a)")
    return 1.0
