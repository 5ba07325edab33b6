"""Read collections of faces, and keep which face is in which split."""
