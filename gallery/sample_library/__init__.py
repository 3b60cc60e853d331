"""A large library for development: many synthetic photos, quickly, that go without trace."""

from gallery.sample_library.making import (
    LibraryPlan,
    make_sample_library,
    remove_sample_library,
)

__all__ = ["LibraryPlan", "make_sample_library", "remove_sample_library"]
