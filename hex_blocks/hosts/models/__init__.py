"""What all hosts for models share: the tools a model is shown, their schemas, toolsets and tool search."""
