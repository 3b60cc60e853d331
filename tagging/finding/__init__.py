"""Finding photos by a question: tokens, then a tree, then a condition for the database."""
