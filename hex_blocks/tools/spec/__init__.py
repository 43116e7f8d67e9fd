"""What a spec file may say."""
