"""What operators see of a service: logs, counters, newest values and states of rules."""
