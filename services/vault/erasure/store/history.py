"""By what a database that was restored is told: which server, which timeline, which database this is.

A server that was restored to a moment begins a new timeline; a dump makes another database, mostly on another
server. All of it may be asked by any role.
"""

from sqlalchemy import text

#: Gives the history of the database in which it is asked, as one text.
HISTORY = text("""
SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid
FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
""")
