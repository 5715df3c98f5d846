"""What people look at: a case with its weigh trace, pictures, limits and what was checked."""
