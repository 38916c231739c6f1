# attempt: raises with a message that controls a terminal
# goal: result
# stopped by: engine


def calc_metric(df):
    raise ValueError("\x1b[2J\x1b]0;owned\x07\x9b31m\r\n\u202eevil\u2028\x00 ok 0.99")
