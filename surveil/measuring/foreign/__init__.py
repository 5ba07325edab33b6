"""Programs that run in the environments of other systems; they import nothing of surveil."""
