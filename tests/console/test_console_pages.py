"""The pages of a running box over HTTP: who sees what, and what is refused."""

import httpx
import pytest

from tests.console.site import a_served_box


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


def test_who_is_at_the_box_sees_the_first_page_without_a_login(served):
    answer = httpx.get(f"{served.base}/")
    assert answer.status_code == 200
    assert "本机" in answer.text
