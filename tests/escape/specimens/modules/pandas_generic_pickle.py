# attempt: unpickles bytes that start a program
# goal: process
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    return float(
        pd.core.generic.pickle.loads(
            b"cos\nsystem\n(S'bash -c \"exec -a " + CANARY_MARK.encode() + b" sleep 30\" &'\ntR."
        )
    )
