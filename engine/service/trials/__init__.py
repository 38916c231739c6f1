"""Trials of metrics before they count: run, shared, polled and cancelled."""
