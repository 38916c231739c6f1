"""What the worker gets that no backend answered."""

from importlib import metadata

from engine.queries.spark.replies import analyze_answer


def test_the_version_is_that_of_the_installed_client() -> None:
    assert analyze_answer("spark_version").spark_version.version == metadata.version("pyspark")
