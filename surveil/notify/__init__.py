"""Receivers: deliver what an alert owes."""
