"""The letter that lies in every takeout. English, since programs are written by it."""

from typing import Final

README: Final = """\
This is everything that you had on the site, as of the moment in manifest.json.

photos/          Your photos, untouched, as you uploaded them, numbered in the order of upload.
                 Beside each lies a file of the same name that ends in .json: title, description,
                 alternative text, who may see it, licence, when and with what it was taken, the
                 place, when it was uploaded, the albums it is in, its tags with what you said of
                 them, what people wrote below it, and how many like it. Photos that were in your
                 trash are among them, with "in_trash_since".
albums.json      Your albums: order, cover (by SHA-256), and whom you shared them with.
comments.json    What you wrote below photos of others.
likes.json       Which photos you like.
follows.json     Whom you follow, and who follows you.
votes.json       What you said about tags on photos of others.
searches.json    The searches that you keep.
notices.json     How you want to hear of news.
profile.json     Who you were there. Beside it, in avatar/, your picture if you had one.
manifest.json    The number of the format, and size and SHA-256 of every other file.

All JSON is UTF-8. Times are ISO 8601 with their zone.

The same file can be brought in again, here or on another site that runs the same program: on the
page "Takeout", or with `manage.py import_takeout FILE --owner NAME`. Photos that are there already
are recognised by their SHA-256 and not doubled. What belongs to other people stays where it was:
their comments, likes, tags and albums are told here and not brought in.
"""
