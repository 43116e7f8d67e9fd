"""What builders share whose blocks run Python: asking a tool, deadlines, answers and pictures, forms, wheels."""
