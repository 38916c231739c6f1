# attempt: asks by http.client
# goal: network
# stopped by: language, worker

import http.client


def calc_metric(df):
    link = http.client.HTTPConnection("127.0.0.1", CANARY_PORT, timeout=1)
    link.request("GET", "/")
    return 1.0
