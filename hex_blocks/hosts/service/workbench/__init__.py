"""The workbench: web pages on which users find a tool, fill in its form, run it and see the result.

The pages are rendered on the server and work without JavaScript; a small script updates the progress of a job.
"""
