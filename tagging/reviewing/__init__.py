"""What the review page asks, of whom, and what came of the answers. Reads only, no writes."""
