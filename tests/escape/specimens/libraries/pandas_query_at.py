# attempt: walks through modules in the text of a query
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    seen = []
    table = pd.DataFrame({"a": [1.0]})
    table.query(
        "a == @pd.core.common.builtins.map(@seen.append, @pd.core.common.builtins.open(@path)).__next__()",
        local_dict={"pd": pd, "path": CANARY_TXT, "seen": seen},
    )
    return float(seen[0])
