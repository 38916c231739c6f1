"""Files of text, read once by the engine itself under one policy, and handed on as Parquet.

No backend reads CSV or JSON: each of them guesses something of its own. What the policy is, is written
in docs/reading.md.
"""
