"""Libraries that run an ONNX network: ONNX Runtime everywhere, OpenVINO where it is faster.

Measured (docs/decisions/0013): at 32-bit numbers the two are equally fast on x86-64. OpenVINO wins where
the processor calculates in bfloat16 by itself, and only there; so only there `auto` takes it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

import numpy as np

from edge_agent.devices.detector.boxes import Floats
from edge_agent.devices.detector.contract import Port
from edge_agent.devices.detector.model_files import refused
from edge_agent.devices.detector.onnx_metadata import read_metadata
from edge_agent.errors import ConfigError


class Network(Protocol):
    """A network that is loaded and ready."""

    name: str
    metadata: Mapping[str, str]
    inputs: Sequence[Any]  # as `Port`
    outputs: Sequence[Any]

    def run(self, stack: Any) -> Floats:
        """The network's one output for a stack (n, 3, h, w)."""


def open_network(path: Path, data: bytes, runtime: str, threads: int, *, bfloat16: bool) -> Network:
    """Load a network from bytes: a model that refers to files beside it does not load.

    Args:
        path: for messages.
        data: the ONNX file.
        runtime: onnxruntime, openvino, or auto.
        threads: cores that one run may use.
        bfloat16: OpenVINO may calculate in bfloat16 where the processor does.

    Raises:
        ConfigError: the library is not installed, or cannot load the model.
    """
    if runtime == "openvino" or (runtime == "auto" and bfloat16 and openvino_pays()):
        return OpenVinoNetwork(path, data, threads, bfloat16=bfloat16)
    return OnnxRuntimeNetwork(path, data, threads)


class OnnxRuntimeNetwork:
    """ONNX Runtime on the processor."""

    def __init__(self, path: Path, data: bytes, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 heavy: 40 MB, only where a model runs

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin between pictures would eat the core that reads the serial line.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # A plan of the memory made beforehand is no faster here and takes 35 MB more (yolo11n at 640).
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # the runtime's exceptions share no base class but Exception
            raise _not_loaded(path, "ONNX Runtime", problem) from problem
        self.name = f"onnxruntime {onnxruntime.__version__} f32"
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.inputs: Sequence[Any] = self._session.get_inputs()
        self.outputs: Sequence[Any] = self._session.get_outputs()

    def run(self, stack: Any) -> Floats:
        """The network's one output."""
        return np.asarray(self._session.run(None, {self.inputs[0].name: stack})[0], np.float32)


class OpenVinoNetwork:
    """OpenVINO on the processor."""

    def __init__(self, path: Path, data: bytes, threads: int, *, bfloat16: bool) -> None:
        openvino = _openvino(path)
        core = openvino.Core()
        fast = bfloat16 and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # the serial line's core is not ours to take
            # Said, not left to the library: by itself it takes bfloat16 where it can.
            "INFERENCE_PRECISION_HINT": "bf16" if fast else "f32",
        }
        try:
            model = core.read_model(model=data, weights=b"")
            self._request = core.compile_model(model, "CPU", properties).create_infer_request()
        except Exception as problem:  # RuntimeError and others without a common base
            raise _not_loaded(path, "OpenVINO", problem) from problem
        self._one_at_a_time = threading.Lock()
        self.name = f"openvino {openvino.__version__.split('-')[0]} {'bf16' if fast else 'f32'}"
        self.metadata: Mapping[str, str] = read_metadata(path, data)
        self.inputs: Sequence[Any] = [_port(node) for node in model.inputs]
        self.outputs: Sequence[Any] = [_port(node) for node in model.outputs]

    def run(self, stack: Any) -> Floats:
        """The network's one output; a copy, since the request's own memory is used again."""
        with self._one_at_a_time:
            self._request.infer({0: stack}, share_inputs=True)
            return np.array(self._request.get_output_tensor(0).data, np.float32)


def openvino_pays() -> bool:
    """OpenVINO is installed, and this processor calculates in bfloat16 by itself."""
    if find_spec("openvino") is None:
        return False
    flags = Path("/proc/cpuinfo")
    try:
        with flags.open(encoding="ascii", errors="replace") as lines:
            words = next((line for line in lines if line.startswith("flags")), "").split()
    except OSError:
        return False
    return "avx512_bf16" in words or "amx_bf16" in words


def _openvino(path: Path) -> Any:
    # It reports each import to its maker. Where its telemetry package cannot be had it goes on without.
    sys.modules.setdefault("openvino_telemetry", cast("ModuleType", None))
    try:
        import openvino  # noqa: PLC0415 heavy, and only where it is chosen
    except ImportError as problem:
        raise refused(
            path,
            "`runtime: openvino`, and OpenVINO is not installed",
            "pip install 'edge-agent[openvino]', or `runtime: auto`",
        ) from problem
    return openvino


def _port(node: Any) -> Port:
    shape = tuple(d.get_length() if d.is_static else None for d in node.partial_shape)
    kinds = {"f32": "tensor(float)", "f16": "tensor(float16)"}
    kind = node.element_type.get_type_name()
    return Port(node.any_name, shape, kinds.get(kind, f"tensor({kind})"))


def _not_loaded(path: Path, library: str, problem: Exception) -> ConfigError:
    text = " ".join(str(problem).split()) or type(problem).__name__
    return refused(
        path,
        f"not a model that {library} can load: {text[:200]}",
        "an interrupted copy? Install it again, or export it with `edge-agent model export`",
    )
