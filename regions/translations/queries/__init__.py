"""What is read of texts: rows as values, and what the admin lists."""
