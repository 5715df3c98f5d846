"""An instant as people read it from their clocks."""

import doctest

from edge_agent import local_time


def test_the_examples_are_true():
    assert doctest.testmod(local_time).failed == 0
