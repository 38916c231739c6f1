# attempt: has a query call a function
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    seen = []
    keep = lambda name: seen.append(open(name).read()) or 1.0
    path = CANARY_TXT
    table.query("a == @keep(@path)", local_dict={"keep": keep, "path": path})
    return float(seen[0])
