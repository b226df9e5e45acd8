"""Signs of a poor answer in its words: one module for each flag. What is done about them is elsewhere."""
