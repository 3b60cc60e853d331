"""Everything that writes: a photo with its files, and what people do with photos."""
