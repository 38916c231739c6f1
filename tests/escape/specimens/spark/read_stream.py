# attempt: opens a file as a stream
# goal: file
# stopped by: backend


def calc_metric(df):
    stream = df.sparkSession.readStream.schema("value string").text(CANARY_FOLDER)
    stream.writeStream.format("memory").queryName("stolen").start().processAllAvailable()
    return float(df.sparkSession.table("stolen").first()[0])
