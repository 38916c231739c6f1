# attempt: raises an exception that looks like one of the sandbox's own
# goal: result
# stopped by: engine


class GuardRefused(Exception):
    problem_code = "x"
    message = "y"
    hint = "z"


def calc_metric(df):
    raise GuardRefused("0.99")
