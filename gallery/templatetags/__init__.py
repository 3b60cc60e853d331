"""What templates of any room may say about albums and sharing."""
