"""For people who work here or write plugins: checks of specs, pages, catalogues and drift."""
