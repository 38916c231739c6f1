# attempt: walks frames with the scope helper behind pd.eval
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    frame = pd.core.computation.scope.sys._getframe(1)
    while frame.f_back:
        frame = frame.f_back
    return float(frame.f_builtins["open"](CANARY_TXT).read())
