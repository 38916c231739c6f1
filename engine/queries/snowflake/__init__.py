"""What the calls of Snowpark runs share: their frames, and answers to what they all ask."""

from engine.queries.snowflake.ask import SqlAnswer
from engine.queries.snowflake.sharing import SqlSharing

__all__ = ["SqlAnswer", "SqlSharing"]
