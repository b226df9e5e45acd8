"""SQL for grants: new, revoked, expired. The rules are in the folder above."""
