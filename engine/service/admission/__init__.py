"""Who is let in, and how much of it: keys, quotas, rates, connections, and threads by account."""
