"""The version of Smelt, as other programs are told it."""

VERSION = "0.1.0"
