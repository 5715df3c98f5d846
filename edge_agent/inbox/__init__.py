"""The platform's pages for people: what has come in, was it checked, and what a reviewer says of it."""
