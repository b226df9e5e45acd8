"""What a job's grant allows: its rules, its budget, the brake on new ones. Release uses it."""
