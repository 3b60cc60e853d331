"""What may be done here: one function per deed, each atomic, the same for page, API and admin."""
