"""The engineer's side: recordings through the core again, as they were or with something changed."""
