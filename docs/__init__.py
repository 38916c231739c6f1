"""The manual, and in `tools` what it is built with."""
