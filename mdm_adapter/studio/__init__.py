"""The studio: a timeline in the browser on the server of `serve` and the scene of `view`."""
