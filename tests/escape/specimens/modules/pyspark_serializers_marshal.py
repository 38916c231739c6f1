# attempt: runs code that marshal loads from bytes
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    tools = pyspark.serializers
    code = tools.marshal.loads(tools.marshal.dumps((lambda: open(CANARY_TXT).read()).__code__))
    return float(tools.types.FunctionType(code, {})())
