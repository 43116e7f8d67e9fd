"""A run's life: starting once, recovering, following, waiting, stopping."""
