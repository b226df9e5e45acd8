"""Statements that both databases answer: how far each has followed the ledger, and its history.

A restored database is recognised by its history: a server that was restored to a moment begins a new
timeline, and a dump makes a different database, mostly on a different server. Any role may ask for all of it.
"""

from sqlalchemy import text

MARK = text("SELECT seq, mac FROM erasure_state")
#: Moves the mark from `before` or later; never back.
ADVANCE = text("UPDATE erasure_state SET seq = :seq, mac = :mac WHERE seq >= :before AND seq < :seq")
#: Gives server, timeline and database as one text.
HISTORY = text("""
SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid
FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
""")
