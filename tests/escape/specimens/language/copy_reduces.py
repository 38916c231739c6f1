# attempt: has copy call a function by __reduce_ex__
# goal: file
# stopped by: language, worker

import copy


def calc_metric(df):
    class Odd:
        def __reduce_ex__(self, protocol):
            return open, (CANARY_TXT,)

    return float(copy.copy(Odd()).read())
