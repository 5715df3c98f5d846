"""The pavement: accepted pictures of it, what stands there that they do not have, how fit the view is."""

from edge_agent.devices.scene.bank import Reference, ReferenceBank
from edge_agent.devices.scene.scene import Scene
from edge_agent.devices.scene.settings import SceneSettings
from edge_agent.devices.scene.watch import watch_file
from edge_agent.devices.scene.worker import SceneCamera, SceneWorker

__all__ = [
    "Reference",
    "ReferenceBank",
    "Scene",
    "SceneCamera",
    "SceneSettings",
    "SceneWorker",
    "watch_file",
]
