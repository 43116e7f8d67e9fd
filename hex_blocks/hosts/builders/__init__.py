"""What workflow builders with Python blocks share: calling tools, time limits, progress, forms and wheels."""
