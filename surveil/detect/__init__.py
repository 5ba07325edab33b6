"""Find faces in frames."""
