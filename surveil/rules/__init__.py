"""Alert rules: language and engine."""
