"""The services of Smelt and what they share."""
