"""Hosts: one module or folder for each application that shows and runs the tools. No other room imports them.

A host describes tools in the application's terms, reads its calls and formats the results; it never calls Hex itself.
Its LEVEL lists the features that it supports, each with the test that proves it.
"""
