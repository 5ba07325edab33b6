"""The demonstration: two simulated cameras, and a proof from SQL."""
