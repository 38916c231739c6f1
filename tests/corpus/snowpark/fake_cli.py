"""The command line whose Snowflake is the one that fakesnow plays, which answers one query at a time."""

from engine.backends import names
from engine.cli.main import main
from tests.corpus.snowpark.fake_account import FakeSnowflake

if __name__ == "__main__":
    names.Snowflake = FakeSnowflake  # type: ignore[attr-defined]
    main()
