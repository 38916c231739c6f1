"""What a plan of PySpark means: what may pass, and how many frames are answered at once."""
