"""Compile a network for a device."""
