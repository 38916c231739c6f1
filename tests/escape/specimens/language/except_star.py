# attempt: catches a group, whose members' tracebacks stay
# goal: file
# stopped by: language, worker


def calc_metric(df):
    try:
        raise ExceptionGroup("x", [ValueError("y")])
    except* ValueError as group:
        frame = group.__traceback__.tb_frame
        return_value = frame.f_builtins["open"](CANARY_TXT).read()
    return float(return_value)
