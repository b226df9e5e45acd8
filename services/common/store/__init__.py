"""Tables and statements that more than one service has, and running migrations."""
