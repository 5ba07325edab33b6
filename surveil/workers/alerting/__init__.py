"""The alerter."""
