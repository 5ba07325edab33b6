"""One YAML file, parsed once into frozen models."""
