"""What templates may say about tags."""
