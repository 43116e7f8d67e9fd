"""Dify: a plugin whose tools are workflow blocks and agent tools, run with Dify's plugin SDK."""
