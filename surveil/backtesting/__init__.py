"""Rules over what SQL remembers."""
