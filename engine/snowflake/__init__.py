"""What Snowpark's SQL means: what may pass, how it is written, and how many frames are answered at once."""
