"""What every page of this program stands on: the HTTP server, and what guards a page."""
