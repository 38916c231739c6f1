# attempt: has pipe call eval
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    more = {"read": lambda name: float(open(name).read()), "path": CANARY_TXT}
    return float(table.pipe(pd.DataFrame.eval, "a * 0 + @read(@path)", local_dict=more)[0])
