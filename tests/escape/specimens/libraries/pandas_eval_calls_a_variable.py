# attempt: has an eval call a function
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    return float(
        table.eval(
            "a * 0 + @read(@path)",
            local_dict={"read": lambda name: float(open(name).read()), "path": CANARY_TXT},
        )[0]
    )
