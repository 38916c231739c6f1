# attempt: inherits from a class of pandas, to call its methods as its own
# goal: file
# stopped by: language, worker

import pandas as pd


class Frame(pd.DataFrame):
    def leak(self):
        return self.from_records([[open(CANARY_TXT).read()]])


def calc_metric(df):
    return float(Frame().leak().iloc[0, 0])
