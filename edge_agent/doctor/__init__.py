"""What is wrong with this box, what it means, and what to do next."""
