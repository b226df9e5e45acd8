"""Templates and jobs of people, and the workers that run them row by row."""
