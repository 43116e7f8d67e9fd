"""The workbench: pages on which people find a tool, fill its form, run it and see what came of it.

Made on the server, without script for everything that matters; a little script follows a job as it goes.
"""
