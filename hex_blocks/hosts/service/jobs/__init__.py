"""Jobs: calls that outlive their request and the process."""
