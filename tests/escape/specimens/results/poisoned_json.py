# attempt: replaces the text of results, in the module that writes them
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import json
import sys


def calc_metric(df):
    messages = sys.modules["sandbox.contract.messages"]
    plain = messages.json.dumps
    messages.json.dumps = lambda *a, **k: plain(*a, **k).replace((1.5).hex(), (CANARY_NUMBER).hex())
    return 1.5
