"""A box looked at as a whole, signed off by a person: the report, and its record in the chain."""
