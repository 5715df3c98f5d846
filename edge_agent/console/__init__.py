"""The technician's pages, served by the box itself."""
