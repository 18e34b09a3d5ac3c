"""Images of any size from a model of small squares: the same core as motion."""
