"""What a run imports before its data engine starts: a second of pandas would stand in front of each."""

import subprocess
import sys

BEGINNING = """
import sys
from engine.cli.light import skip_client_check, skip_pandas_check

skip_client_check()
skip_pandas_check()
import engine.cli.running
import pyarrow as pa

pa.array([1.5, None]).to_numpy(zero_copy_only=False)
print(sorted(name for name in ("pandas", "pyspark.sql.connect.session") if name in sys.modules))
from pyspark.sql.connect.session import SparkSession  # which is imported as ever
import pandas as pd  # and so is this

print(pa.array(pd.Series([1, 2])).to_pylist(), pa.table({"a": [3]}).to_pandas()["a"].tolist())
"""


def test_a_run_begins_without_pandas_and_without_a_client_of_spark():
    done = subprocess.run([sys.executable, "-c", BEGINNING], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["[]", "[1, 2] [3]"]), done.stderr
