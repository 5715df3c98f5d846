"""What a page that is one file must not have: anything that a browser would fetch."""

import re
from html.parser import HTMLParser

FETCHES = {"script", "link", "iframe", "object", "embed", "base", "form", "frame", "audio", "source"}


class Page(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags, self.attributes, self.words = text, [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words += data

    @property
    def pictures(self):
        return [value for tag, name, value in self.attributes if (tag, name) == ("img", "src")]


def assert_self_contained(page):
    """Nothing comes from outside, and nothing runs."""
    assert not FETCHES & set(page.tags)
    addresses = [v for _, name, v in page.attributes if name in {"src", "href", "poster", "srcset", "data"}]
    assert all(address.startswith(("#", "data:image/", "data:video/")) for address in addresses)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not re.search(r"@import|url\((?!#)", page.text)
