# attempt: dials a server of its own choice with the client's channel
# goal: network
# stopped by: language, worker

from pyspark.sql.connect.client import DefaultChannelBuilder


def calc_metric(df):
    import grpc

    channel = DefaultChannelBuilder(f"sc://127.0.0.1:{CANARY_PORT}").toChannel()
    try:
        grpc.channel_ready_future(channel).result(timeout=0.3)
    except grpc.FutureTimeoutError:
        pass
    return 1.0
