# attempt: a function of a DataFrame gives text whose offsets point outside of its bytes
# goal: run
# stopped by: engine

import pyarrow as pa
import sandbox.client.evaluate as evaluate


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def far(split, batches):
            for _ in function(split, batches):
                offsets = pa.array([0, 1_000_000], pa.int32()).buffers()[1]
                text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"short")])
                made = pa.StructArray.from_arrays([text], ["n"])
                yield pa.RecordBatch.from_arrays([made], ["_0"])

        return far, profiler, reader, writer

    evaluate.read_udfs = lying
    return float(df.mapInArrow(lambda batches: batches, "n string").agg({"n": "max"}).first()[0])
