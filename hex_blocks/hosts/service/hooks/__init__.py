"""Webhooks: signed events that are sent to URLs of callers, and sent again until they are delivered."""
