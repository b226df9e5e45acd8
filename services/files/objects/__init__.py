"""Sealed objects in S3: parts, segments, deletion. It does not know whose object it is or what is in it."""
