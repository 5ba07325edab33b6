"""What programs and notebooks call: :func:`surveil.load`, :func:`surveil.analyze`, the client."""
