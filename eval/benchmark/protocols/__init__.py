"""The protocols that come along, a file each; others come in as `motioncollage.protocols` entry points."""
