"""A person's account as one file: what is in it, how it is written, and how it is read safely."""

from typing import Final

FORMAT: Final = "eyes-takeout"
# What an import understands; a new number for whatever an older site could not read.
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PROFILE: Final = "profile.json"
ALBUMS: Final = "albums.json"
NOTICES: Final = "notices.json"
