"""What the calls of Snowpark runs share: their frames, and answers to what they all ask."""

from engine.snowsharing.ask import SqlAnswer
from engine.snowsharing.sharing import SqlSharing

__all__ = ["SqlAnswer", "SqlSharing"]
