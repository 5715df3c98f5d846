"""Fuzzing: every reader of bytes from outside, fed with damage; what it may do is return or refuse."""
