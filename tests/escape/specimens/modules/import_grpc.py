# attempt: dials with the library that the client itself uses
# goal: network
# stopped by: language, worker

import grpc


def calc_metric(df):
    channel = grpc.insecure_channel(f"127.0.0.1:{CANARY_PORT}")
    try:
        grpc.channel_ready_future(channel).result(timeout=0.5)
    except grpc.FutureTimeoutError:
        pass
    return 1.0
