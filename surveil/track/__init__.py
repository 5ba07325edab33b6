"""Follow faces of one camera over time."""
