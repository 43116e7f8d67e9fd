"""Jobs: calls that outlive the request that asked for them, and the process too."""
