# attempt: replaces the text of results, in the class that writes them
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys


def calc_metric(df):
    coder = sys.modules["json"].JSONEncoder
    plain = coder.encode
    coder.encode = lambda self, message: plain(self, message).replace((1.5).hex(), (CANARY_NUMBER).hex())
    return 1.5
