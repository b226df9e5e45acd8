"""What models say about an answer, before and behind it. What is said to the reader of the answer stays."""
