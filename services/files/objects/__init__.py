"""Sealed objects in S3: parts, segments, discards. Whose object it is and what it holds is not known here."""
