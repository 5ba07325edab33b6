"""Train, evaluate and export emotion models."""
