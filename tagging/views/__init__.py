"""Pages about tags, and what people do with them."""

from tagging.views.pages import autocomplete, panel, search, tag, tags

__all__ = ["autocomplete", "panel", "search", "tag", "tags"]
