"""Result files of jobs, written under a fence. What stands in them is decided by the processor."""
