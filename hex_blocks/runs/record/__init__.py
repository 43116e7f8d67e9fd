"""The record of runs that were started here."""
