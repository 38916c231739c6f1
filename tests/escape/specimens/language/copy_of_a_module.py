# attempt: copies what copies itself as it likes
# goal: file
# stopped by: language, worker

import copy


def calc_metric(df):
    class Odd:
        def __deepcopy__(self, memo):
            return open

    return float(copy.deepcopy(Odd())(CANARY_TXT).read())
