"""What datasets name, what they look like now, and whether they fit their models."""
