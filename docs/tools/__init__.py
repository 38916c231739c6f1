"""What the manual in `docs` is built with: its generated page, and what MkDocs is told in code."""
