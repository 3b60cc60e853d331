"""Photos, tags, votes and suggestions over the API."""
