# attempt: calls query by a name that is put together
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    seen = []
    keep = lambda name: seen.append(open(name).read()) or 1.0
    get = getattr(table, "que" + "ry")
    get("a == @keep(@path)", local_dict={"keep": keep, "path": CANARY_TXT})
    return float(seen[0])
