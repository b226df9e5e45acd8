"""Prometheus metrics of files; no label names a person."""

from prometheus_client import Gauge

READING_FILES = Gauge("smelt_reading_files", "Uploads, and files that are parsed again, at this moment")
