"""What the script of the upload page says, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words_for_script() -> dict[str, str]:
    """Return the script's sentences by name; it fills in what stands in braces."""
    return {
        "waiting": _("Waiting"),
        "looking": _("Looking whether it is here already"),
        "uploading": _("Uploading, {percent} %"),
        "preparing": _("Preparing"),
        "stored": _("Stored. Look at it"),
        "known": _("You already have it. Look at it"),
        "again": _("The connection broke. Trying again in {seconds} s"),
        "broken": _("The connection broke. What has arrived is kept: try again."),
        "session": _("Your session has ended. Please load the page again."),
        "server": _("Something broke on our side. Please try again."),
        "tooLarge": _("The file has {size} MB; the limit is {limit} MB."),
        "changed": _("The file changed or went away meanwhile. Please choose it again."),
        "chooseOne": _("Please choose at least one photo."),
        "chosen": _("Photos to upload: {count}."),
        "leftOut": _("Files left out because they are no photos: {count}."),
        "upload": _("Upload"),
        "uploadMany": _("Upload {count} photos"),
        "total": _("{stored} of {count} photos are stored."),
        "totalFailed": _("{stored} of {count} photos are stored, {failed} failed."),
        "pause": _("Pause"),
        "retry": _("Try again"),
        "removeName": _("Remove {name}"),
        "retryName": _("Try again: {name}"),
        "notSaved": _("The details are not saved: {reason}"),
    }
