"""The street: zones, what stands in them, and the rule that says when it is a case."""
