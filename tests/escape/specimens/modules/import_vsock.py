# attempt: opens a socket to the hypervisor, then one that somebody hears
# goal: network
# stopped by: language, worker

import socket


def calc_metric(df):
    for family in (40, socket.AF_INET6, socket.AF_INET):
        try:
            link = socket.socket(family, socket.SOCK_STREAM)
            link.settimeout(0.3)
            link.connect(("::ffff:127.0.0.1" if family == socket.AF_INET6 else "127.0.0.1", CANARY_PORT))
            return 1.0
        except (OSError, TypeError):
            continue
    return -1
