"""Pages of this room: find, check, call, answer."""
