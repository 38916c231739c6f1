# attempt: finds the sandbox's own modules in sys.modules, and changes how results are told
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    pd.compat.sys.modules["sandbox.outcome"]._to_float = lambda value: CANARY_NUMBER
    return 1.5
