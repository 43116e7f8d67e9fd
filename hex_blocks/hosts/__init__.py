"""Hosts: where the tools are shown and run. Nothing below imports them.

A host describes tools in its own terms, unpacks its calls and dresses what comes of them; it never touches Hex.
Each says in LEVEL what it does and which test proves it.
"""
