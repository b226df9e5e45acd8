"""What texts are to those who read them: when two of them are the same. No text is kept here."""
