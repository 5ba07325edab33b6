"""surveil: emotion timelines and alerts from a fleet of cameras."""
