"""Files that arrive in pieces: the words of the tus protocol, and the bytes so far on disk."""
