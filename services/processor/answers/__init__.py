"""A model's answer: cleaned, checked and flagged. Calling the model and storing answers are elsewhere."""
