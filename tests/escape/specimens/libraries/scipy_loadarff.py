# attempt: reads a file of Weka
# goal: file
# stopped by: language, worker

import scipy


def calc_metric(df):
    return float(scipy.io.arff.loadarff(CANARY_ARFF)[0][0][0])
