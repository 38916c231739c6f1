# attempt: evaluates several lines
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    text = "b = a * 0\nc = b + @read(@path)"
    return float(
        table.eval(text, local_dict={"read": lambda name: float(open(name).read()), "path": CANARY_TXT})["c"][
            0
        ]
    )
