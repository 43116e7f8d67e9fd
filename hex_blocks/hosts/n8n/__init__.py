"""n8n: a package with a node, a trigger and a credential."""
