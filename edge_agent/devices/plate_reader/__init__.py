"""Number plates out of the box's own pictures: found, straightened, read. Asked for, never by itself."""
