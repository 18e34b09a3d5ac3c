"""A package of somebody else: nothing here is known to motioncollage but by its entry points (pyproject.toml)."""
