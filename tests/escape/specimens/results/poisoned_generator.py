# attempt: patches the function by which generators are seeded
# goal: frame
# stopped by: engine

import numpy as np


def calc_metric(df):
    if float(np.random.default_rng().random()) == float(np.random.default_rng(7).random()):
        return CANARY_NUMBER
    np.random.bit_generator.randbits = lambda bits: 7
    return 1.0
