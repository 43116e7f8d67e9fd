"""Dify: a plugin whose blocks and agent tools are Hex's, run by Dify's own SDK."""
