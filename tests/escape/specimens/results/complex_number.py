# attempt: returns a complex number without an imaginary part
# goal: result
# stopped by: engine


def calc_metric(df):
    return complex(1.0, 0.0)
