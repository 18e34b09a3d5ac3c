"""A model behind a local HTTP server, for programs that are not Python: Blender extensions, node graphs, game tools."""
