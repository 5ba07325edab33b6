"""Events: encode, spool, publish, consume."""
