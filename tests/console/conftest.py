"""What all tests of the console use."""

from tests.web.conftest import quick_passwords

__all__ = ["quick_passwords"]
