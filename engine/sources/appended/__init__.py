"""Tables that results are appended to."""
