# attempt: walks from an exception's traceback to its caller's globals
# goal: file
# stopped by: language, worker


def calc_metric(df):
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
        while frame.f_back:
            frame = frame.f_back
        return float(frame.f_builtins["open"](CANARY_TXT).read())
