# attempt: a function of groups gives text where it has declared numbers
# goal: run
# stopped by: engine

import pyarrow as pa
import sandbox.client.evaluate as evaluate


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def text(split, groups):
            for _ in function(split, groups):
                made = pa.StructArray.from_arrays([pa.array(["x" * 100])], ["n"])
                yield pa.RecordBatch.from_arrays([made], ["_0"])

        return text, profiler, reader, writer

    evaluate.read_udfs = lying
    return df.groupBy("g").applyInPandas(lambda frame: frame[["n"]], "n bigint").agg({"n": "sum"}).first()[0]
