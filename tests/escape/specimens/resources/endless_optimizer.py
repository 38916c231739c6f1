# attempt: starts an optimization that cannot end
# goal: time
# stopped by: engine

from scipy import optimize


def calc_metric(df):
    return float(
        optimize.minimize(
            lambda x: -(x[0] ** 3),
            [1.0],
            method="Nelder-Mead",
            options={"maxiter": 10**12, "maxfev": 10**12, "xatol": 0, "fatol": 0},
        ).fun
    )
