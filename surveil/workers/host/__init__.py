"""One host: supervisor, workers as processes, what they tell each other."""
