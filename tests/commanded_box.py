"""A box with a technician's file, and a platform that commands it."""

import hashlib
import json

import pytest
import yaml

from edge_agent.commanded import ChangeRefused, ConfigKeeper
from edge_agent.config.loader import load
from edge_agent.evidence.commands import encode, sign
from edge_agent.evidence.contract_vectors_commands import COMMAND_KEY, a_command

SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]]


def as_yaml(tree):
    return yaml.safe_dump(json.loads(json.dumps(tree)), allow_unicode=True)


class Box:
    """A technician's file, and commands that change it."""

    def __init__(self, folder):
        self.folder, self.site = folder, folder / "site.yaml"
        self._counter = 100
        (folder / "command.pem").write_bytes(COMMAND_KEY.public.pem)
        (folder / "secret").write_text("s3cret\n")
        (folder / "secret").chmod(0o600)
        (folder / "models").mkdir()
        for name in ("one", "two"):
            (folder / "models" / f"{name}.onnx").write_bytes(name.encode())
        zone = {"rule": "overflow", "shop": "a", "polygon": SQUARE, "door_line": SQUARE[:2]}
        self.tree = {
            "schema": 1,
            "site": {
                "id": "s",
                "tenant": "city",
                "device_id": "ea-test-0001",
                "legal": {"use_class": "test", "operator": "${file:secret}"},
            },
            "street": {
                "shops": {"a": {"name": "A"}},
                "rules": {
                    "overflow": {"event_type": "shop_overflow", "title_zh": "跨门", "title_en": "Goods"}
                },
                "detector": {"model": "models/one.onnx", "min_score": 0.25},
                "cameras": {"east": {"video": {"url": "rtsp://192.0.2.1/x"}, "zones": {"front": zone}}},
            },
            "evidence": {"key_file": "evidence.pem", "store": {"directory": "box/evidence"}},
            "uplink": {"mqtt": {"host": "127.0.0.1", "port": 1883}},
            "commands": {
                "issuers": [
                    {"name": "city-platform", "public_key_file": "command.pem", "roles": ["maintain"]}
                ]
            },
        }
        self.write(self.tree)

    def write(self, tree):
        self.site.write_text(as_yaml(tree), "utf-8")

    def changed(self, *path, to):
        tree = json.loads(json.dumps(self.tree))
        part = tree
        for step in path[:-1]:
            part = part.setdefault(step, {})
        part[path[-1]] = to
        return tree

    def propose(self, action, key=COMMAND_KEY):
        self._counter += 1
        command = a_command(
            action,
            role="maintain",
            counter=self._counter,
            cmd_id=f"c{self._counter}",
            expected_config_sha256="00" * 32,
        )
        keeper = ConfigKeeper(self.site)
        present = keeper.effective()
        digest = hashlib.sha256(encode(command)).hexdigest()
        keeper.propose(present, command, sign(command, [key]), digest)
        return digest

    def update(self, tree):
        text = as_yaml(tree)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return self.propose({"name": "update_config", "text": text, "sha256": sha256})

    def model(self, data):
        sha256 = hashlib.sha256(data).hexdigest()
        return self.propose({"name": "update_model", "slot": "street_detector", "sha256": sha256})

    def run(self):
        """A start; what it runs."""
        keeper = ConfigKeeper(self.site)
        chosen = keeper.effective()
        keeper.started(chosen)
        return keeper, chosen

    def kept(self):
        keeper, chosen = self.run()
        keeper.keep(chosen)
        return chosen

    def refused(self, tree):
        with pytest.raises(ChangeRefused) as refused:
            self.update(tree)
        assert ConfigKeeper(self.site).effective().config == load(self.site)
        return refused.value
