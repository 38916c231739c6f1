"""Data engines, each in a folder, and what they share. Adapters."""
