"""The version of the SDK, as in its metadata."""

VERSION = "0.1.0"
