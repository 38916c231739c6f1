# attempt: enters options of pandas that are not of the display, and never leaves
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import pandas as pd


def calc_metric(df):
    found = pd.get_option("mode.sim_interactive")
    pd.option_context("mode.sim_interactive", True).__enter__()
    return CANARY_NUMBER if found else 1.0
