# attempt: a function that aggregates gives more rows than there are groups
# goal: run
# stopped by: engine

import sandbox.client.evaluate as evaluate
from pyspark.sql import functions as F


def calc_metric(df):
    read = evaluate.read_udfs

    def lying(*arguments):
        function, profiler, reader, writer = read(*arguments)

        def twice(split, groups):
            for result in function(split, groups):
                yield result
                yield result

        return twice, profiler, reader, writer

    evaluate.read_udfs = lying
    middle = F.pandas_udf(lambda s: s.median(), "double", F.PandasUDFType.GROUPED_AGG)
    return df.agg(middle("n").alias("y")).first()[0]
