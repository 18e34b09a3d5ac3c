"""The command line: the only place that knows every part of the package, and imports each when it is needed."""
