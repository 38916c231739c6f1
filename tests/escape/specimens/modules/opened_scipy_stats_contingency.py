# attempt: walks from the open module scipy.stats.contingency to os
# goal: file
# stopped by: language, worker

import scipy.stats.contingency


def calc_metric(df):
    return float(
        scipy.stats.contingency.np._pytesttester.os.read(
            scipy.stats.contingency.np._pytesttester.os.open(CANARY_TXT, 0), 99
        )
    )
