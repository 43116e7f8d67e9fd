"""Checking of inputs."""
