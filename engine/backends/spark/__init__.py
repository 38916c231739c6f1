"""The local Spark server: its settings, its class archives, and what warms it."""
