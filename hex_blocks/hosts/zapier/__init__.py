"""Zapier: an app with actions, searches and triggers, as a folder for Zapier's command line."""
