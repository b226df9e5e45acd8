"""Result files of jobs, written under a fence. The processor decides what is in them."""
