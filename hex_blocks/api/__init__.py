"""The client of Hex's HTTP API: connection, tokens, requests, replies and limits."""
