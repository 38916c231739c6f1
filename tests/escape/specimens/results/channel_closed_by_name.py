# attempt: raises the exception by which the sandbox ends a worker
# goal: result
# stopped by: engine

import sys


def calc_metric(df):
    raise sys.modules["sandbox.contract.framing"].ChannelClosed("0.99")
