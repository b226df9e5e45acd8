"""What must happen after data came back: the dead stay dead, what runs waits. No backup is read here."""
