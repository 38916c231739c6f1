# attempt: takes eval from the class
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    call = pd.DataFrame.eval
    return float(
        call(
            table,
            "a * 0 + @read(@path)",
            local_dict={"read": lambda name: float(open(name).read()), "path": CANARY_TXT},
        )[0]
    )
