# attempt: opens in a thread, whose frames are no children of the guest's
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    found = []
    thread = pyspark.accumulators.threading.Thread(target=lambda: found.append(open(CANARY_TXT).read()))
    thread.start()
    thread.join()
    return float(found[0])
