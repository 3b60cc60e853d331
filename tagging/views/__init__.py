"""Pages about tags, and what people do with them."""

from tagging.views.pages import autocomplete, panel, tag, tags

__all__ = ["autocomplete", "panel", "tag", "tags"]
