"""Work that rows stand for: claimed when due, held, put off, given up. What the work is, other rooms say."""
