# attempt: climbs frames with inspect, found in masked arrays
# goal: file
# stopped by: language, worker

import numpy as np


def calc_metric(df):
    for frame in np.ma.core.inspect.stack():
        if "os" in frame.frame.f_globals:
            os = frame.frame.f_globals["os"]
            return float(os.popen(f"cat {CANARY_TXT}").read())
    return float(np.ma.core.inspect.currentframe().f_builtins["open"](CANARY_TXT).read())
