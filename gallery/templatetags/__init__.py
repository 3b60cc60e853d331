"""What templates may ask about photos."""
