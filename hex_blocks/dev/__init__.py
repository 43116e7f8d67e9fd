"""Development tools, also for authors of plugins: checks of specs and texts, documentation pages, and drift."""
