# attempt: registers a UDF out of a file, which is imported
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark
from snowflake.snowpark import Session


def calc_metric(df):
    session = Session.builder.config("local_testing", True).create()
    snowpark.file_operation.os.sys.path.insert(0, CANARY_FOLDER)
    session.add_import(CANARY_PY)
    return float(snowpark.session.importlib.import_module("credentials").secret)
