"""Everything of an account as a zip: the job, and what is in it."""
