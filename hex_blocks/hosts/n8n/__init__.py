"""n8n: a node, a trigger and a credential, as a package in TypeScript and JavaScript."""
