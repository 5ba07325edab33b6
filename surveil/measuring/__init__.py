"""What ``surveil bench`` measures: one file per measurement, on the same clock and report."""
