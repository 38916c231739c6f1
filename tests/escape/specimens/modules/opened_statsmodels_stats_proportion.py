# attempt: walks from the open module statsmodels.stats.proportion to os
# goal: file
# stopped by: language, worker

import statsmodels.stats.proportion


def calc_metric(df):
    return float(
        statsmodels.stats.proportion.np._pytesttester.os.read(
            statsmodels.stats.proportion.np._pytesttester.os.open(CANARY_TXT, 0), 99
        )
    )
