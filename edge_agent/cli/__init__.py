"""The command line: one file per command. Each file has `app`, a typer application."""
