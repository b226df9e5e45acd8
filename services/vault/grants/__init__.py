"""What a job's grant allows: its rules, its budget, the brake on new grants. Release applies them."""
