# attempt: a function of a DataFrame gives rows that are null as a whole
# goal: run
# stopped by: engine

import pyarrow as pa
import sandbox.client.evaluate as evaluate


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def nothing(split, batches):
            for _ in function(split, batches):
                yield pa.RecordBatch.from_arrays(
                    [pa.array([None, {"n": 1}], pa.struct([("n", "int64")]))], ["_0"]
                )

        return nothing, profiler, reader, writer

    evaluate.read_udfs = lying
    return float(df.mapInArrow(lambda batches: batches, "n bigint").count())
