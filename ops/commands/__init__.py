"""The commands of `smelt-ops`, one module each. They read settings, call a room and print; no rules."""
