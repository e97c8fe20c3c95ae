"""The door: what came from outside becomes a checked table, or problems with their places."""
