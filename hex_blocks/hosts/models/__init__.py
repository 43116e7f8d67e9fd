"""What a model is given: tools, schemas, toolsets and search."""
