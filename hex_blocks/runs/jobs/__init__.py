"""Many runs as one piece of work: pipelines and batches."""
