"""What speaks Spark Connect to a server: connections, sessions, their queries, and remote endpoints."""
