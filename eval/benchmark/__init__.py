"""`motioncollage eval`: what is compared, how it is made, measured and shown; each in a module of its own."""
