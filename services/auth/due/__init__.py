"""Work that must be finished: claimed when due, held, put off, given up. Other rooms say what the work is."""
