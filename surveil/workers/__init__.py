"""The processes of one surveil run; the only place stages meet."""
