"""Iceberg tables as Spark writes them, with its own library; run by an environment that has both.

    PYTHONPATH=. python tests/sources/spark_tables.py WAREHOUSE

Into the folder go the tables `w.<name>`, and for each a JSON file of the rows that Spark itself reads.
"""

import importlib.util
import json
import sys
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from tests.sources.relocated import relocate

STATEMENTS = {
    # Rows deleted and changed in place (position deletes), columns renamed, widened, added, dropped, moved.
    "evolved": """
        CREATE TABLE {t} (id INT, name STRING, amount FLOAT, day DATE, extra STRUCT<a: INT, b: STRING>)
          USING iceberg PARTITIONED BY (days(day)) TBLPROPERTIES ({merge});
        INSERT INTO {t} SELECT CAST(id AS INT), CONCAT('n', id), CAST(id * 1.5 AS FLOAT),
          DATE_ADD(DATE'2026-01-01', CAST(id % 5 AS INT)), NAMED_STRUCT('a', CAST(id AS INT), 'b', 'x')
          FROM RANGE(100);
        DELETE FROM {t} WHERE id % 7 = 3;
        ALTER TABLE {t} RENAME COLUMN name TO label;
        ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT;
        ALTER TABLE {t} ALTER COLUMN amount TYPE DOUBLE;
        ALTER TABLE {t} ADD COLUMN note STRING;
        ALTER TABLE {t} RENAME COLUMN extra.a TO c;
        INSERT INTO {t} SELECT id + 5000000000, 'late', id / 3.0, DATE'2026-02-01',
          NAMED_STRUCT('c', 1, 'b', 'y'), 'new' FROM RANGE(10);
        UPDATE {t} SET label = 'changed' WHERE id % 11 = 5;
        ALTER TABLE {t} DROP COLUMN extra;
        ALTER TABLE {t} ALTER COLUMN note FIRST
    """,
    # A merge, other partitions later on, and text that has to be escaped in the names of folders.
    "merged": """
        CREATE TABLE {t} (k STRING, v BIGINT) USING iceberg PARTITIONED BY (k) TBLPROPERTIES ({merge});
        INSERT INTO {t} VALUES ('a/b', 1), ('', 2), (NULL, 3), ('caf\\u00e9 %20', 4), ('007', 5);
        ALTER TABLE {t} REPLACE PARTITION FIELD k WITH bucket(4, k);
        INSERT INTO {t} SELECT CAST(id AS STRING), id FROM RANGE(20);
        MERGE INTO {t} USING (SELECT '007' AS k, 70 AS v UNION ALL SELECT 'new', 9) s ON {t}.k = s.k
          WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT *
    """,
    # Without the property, changes write files anew.
    "copied": """
        CREATE TABLE {t} (a BIGINT) USING iceberg;
        INSERT INTO {t} SELECT id FROM RANGE(50);
        DELETE FROM {t} WHERE a < 10;
        UPDATE {t} SET a = -a WHERE a % 2 = 0
    """,
    # Version 3 deletes by deletion vectors.
    "vectors": """
        CREATE TABLE {t} (a BIGINT) USING iceberg TBLPROPERTIES ({merge}, 'format-version'='3');
        INSERT INTO {t} SELECT id FROM RANGE(50);
        DELETE FROM {t} WHERE a = 10
    """,
}
JACKSON = ("core", "databind", "annotations")
MERGE = ", ".join(f"'write.{what}.mode'='merge-on-read'" for what in ("delete", "update", "merge"))


def main(warehouse: Path) -> None:
    library = importlib.util.find_spec("snowpark_connect_deps_iceberg")
    assert library is not None and library.origin is not None
    [jar] = Path(library.origin).parent.glob("jars/*spark-runtime-3.5_2.12*.jar")
    own = [next(Path(pyspark.__file__).parent.glob(f"jars/jackson-{part}-2.*.jar")) for part in JACKSON]
    relocate(own, jackson := warehouse / "jackson.jar")
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", f"{jar},{jackson}")
        .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
        .config("spark.sql.catalog.c", "org.apache.iceberg.spark.SparkCatalog")
        .config("spark.sql.catalog.c.type", "hadoop")
        .config("spark.sql.catalog.c.warehouse", str(warehouse))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    for name, statements in STATEMENTS.items():
        for statement in statements.format(t=f"c.w.{name}", merge=MERGE).split(";"):
            spark.sql(statement)
        read = spark.table(f"c.w.{name}")
        rows = [{key: str(value) for key, value in row.asDict().items()} for row in read.collect()]
        told = {"columns": read.columns, "rows": sorted(rows, key=str)}
        (warehouse / f"{name}.json").write_text(json.dumps(told))
    spark.stop()


main(Path(sys.argv[1]))
