"""Which configuration the daemon runs: the technician's file, or what the platform commanded on top of it.

    SITE.yaml ── its last `update_config` ── each `update_model` since ──> the configuration
                 (signed envelopes in `<store's parent>/config/`)

A change is on trial first; `state.json` names the commands in force, and those on trial. A daemon that did
not end by itself while a trial ran, could not start, or did not reach the platform, goes back to what was
good before. A technician who edits SITE.yaml has the last word: commanded changes are dropped then.

The envelopes are verified again at every start: what somebody edited on the disk is not used.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.config.document import Loc, read_document
from edge_agent.config.loader import load, load_text
from edge_agent.config.settings import CommandSettings, SiteConfig
from edge_agent.devices.detector.model_files import model_sha256
from edge_agent.errors import EdgeAgentError, UsageError, VerificationError
from edge_agent.evidence.commands import (
    Command,
    Issuer,
    Issuers,
    Refusal,
    UpdateConfig,
    UpdateModel,
    open_signed,
    parse,
    unauthorised,
)
from edge_agent.evidence.keys import read_public_keys
from edge_agent.evidence.small_files import write_over

log = logging.getLogger(__name__)

# What no command may change: only a technician at the box. Who the box is and what its word counts for, its
# keys, who may command it, where evidence is and which platform gets it, who may connect to the box, what
# time it believes, where it writes, and what code it loads (a token's library is one). `*`: each of them.
PROTECTED: Final[tuple[tuple[str, ...], ...]] = (
    ("site", "id"),
    ("site", "tenant"),
    ("site", "device_id"),
    ("site", "device_serial"),
    ("site", "legal"),
    ("lanes", "*", "certificate"),
    ("lanes", "*", "scale", "calibration"),
    ("cameras", "*", "video", "tls_ca"),
    ("street", "cameras", "*", "video", "tls_ca"),
    ("street", "references_dir"),
    ("anpr", "host"),
    ("anpr", "port"),
    ("anpr", "cameras", "*", "auth"),
    ("anpr", "cameras", "*", "username"),
    ("anpr", "cameras", "*", "password_file"),
    ("anpr", "cameras", "*", "allow"),
    ("evidence", "key_file"),
    ("evidence", "key_credential"),
    ("evidence", "pkcs11"),
    ("evidence", "sm2_key_file"),
    ("evidence", "store"),
    ("uplink", "mqtt"),
    ("uplink", "receipt_keys_file"),
    ("uplink", "topic_root"),
    ("commands",),
    ("journal", "dir"),
    ("clock",),
    ("health", "clock_step_ms"),
    ("metrics",),
    ("console",),
    ("simulate",),
)

UNREADABLE: Final = ("unreadable",)

# Where a model slot's file and digest are said.
SLOTS: Final[dict[str, tuple[Loc, Loc]]] = {
    "detector": (("detector", "model"), ("detector", "sha256")),
    "street_detector": (("street", "detector", "model"), ("street", "detector", "sha256")),
    "plate_reader": (("plate_reader", "plate_model"), ("plate_reader", "plate_sha256")),
}


class ChangeRefused(EdgeAgentError):
    """A commanded change must not be made."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


class _State(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    local_sha256: str
    """Of the technician's file that the commands came on top of."""
    good: tuple[str, ...] = ()
    """Digests of the commands that hold; none: the technician's file alone."""
    trial: tuple[str, ...] | None = None
    """The same, on trial; the last is the command that began it."""
    running: bool = False
    """A daemon runs the trial and has not ended in good order."""
    failed: tuple[str, str] | None = None
    """The command whose trial failed, and why, until its result is sealed."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What a daemon is to run."""

    config: SiteConfig
    text: str  # of the file, or of the last update_config
    layers: tuple[str, ...] = ()  # digests of the commands that it comes of
    trial: str = ""  # digest of the command that is on trial
    failed: tuple[str, str] | None = None  # digest of the command whose trial failed, and why
    dropped: str = ""  # why commanded changes were dropped; for the chain

    @property
    def origin(self) -> str:
        """Who chose it, for the chain."""
        if self.trial:
            return f"commanded, on trial: {self.trial}"
        return f"commanded: {self.layers[-1]}" if self.layers else "the file at the box"


class ConfigKeeper:
    """Of one SITE.yaml."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local_sha256 = ""  # of the file at the start
        self._unsaved: _State | None = (
            None  # what a disk without room did not take: a box must start all the same
        )

    def effective(self) -> Effective:
        """What to run now.

        Raises:
            ConfigError: the technician's file has problems.
        """
        config = load(self.path)
        text, self._local_sha256 = self._read()
        local = Effective(config, text)
        state = self._state(config)
        if state is None:
            return local
        if state.local_sha256 != self._local_sha256:
            self._forget(config)
            why = f"{self.path.name} or its state was changed at the box: it holds alone"
            why = why if state.trial or state.good else ""
            failed = (state.trial[-1], why) if state.trial else state.failed
            return Effective(local.config, text, failed=failed, dropped=why)
        if state.trial and state.running:
            state = self._rolled_back(local.config, state, "the daemon did not end in good order")
        if state.trial:
            try:
                return self._applied(local, state.trial, trial=state.trial[-1])
            except EdgeAgentError as error:
                state = self._rolled_back(local.config, state, str(error))
        try:
            return self._applied(local, state.good, failed=state.failed)
        except EdgeAgentError as error:
            self._forget(local.config)
            return Effective(local.config, text, failed=state.failed, dropped=f"not used: {error}"[:1000])

    def in_force(self) -> str:
        """What a start would run instead of the technician's file, for people; empty: that file.

        Changes nothing.

        Raises:
            ConfigError: the technician's file has problems.
        """
        config = load(self.path)
        text, sha256 = self._read()
        folder, state = _folder(config), self._state(config)
        layers = (state.trial or state.good) if state else ()
        if config.commands is None or state is None or not layers:
            return ""
        if layers == UNREADABLE:
            return f"{folder}/state.json cannot be read: another configuration may be in force"
        if state.local_sha256 != sha256:
            return f"commanded changes in {folder} are dropped at the next start: this file was edited since"
        if state.trial and state.running:
            return f"a trial runs, or was killed: {folder}/{layers[-1]}.dsse.json"
        try:
            digest = self._applied(Effective(config, text), layers).config.sha256()
        except EdgeAgentError as error:
            return f"commanded changes in {folder} cannot be used: {error}"
        newest = f"{folder}/{layers[-1]}.dsse.json"
        return f"not this file but a commanded change is in force: {newest}; sha256 {digest}"

    def propose(self, present: Effective, command: Command, envelope: bytes, digest: str) -> None:
        """Put an `update_config` or `update_model` on trial, to be run from the next start on.

        Raises:
            ChangeRefused: it must not be made; nothing was written.
        """
        state = self._state(present.config)
        if state is not None and state.trial:
            raise ChangeRefused(Refusal.CONFIG_DIFFERS, "another change is on trial")
        text, sha256 = self._read()
        if sha256 != self._local_sha256:
            raise ChangeRefused(Refusal.CONFIG_DIFFERS, "the file at the box was changed since the start")
        alone = isinstance(command.action, UpdateConfig)
        layers = (digest,) if alone else (*present.layers, digest)
        folder = _folder(present.config)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = folder / f"{digest}.dsse.json"
        write_over(kept, envelope)
        try:
            self._applied(Effective(load(self.path), text), layers)
        except EdgeAgentError as error:
            kept.unlink()
            refused = error if isinstance(error, ChangeRefused) else None
            raise refused or ChangeRefused(Refusal.CONFIG_INVALID, str(error)) from error
        self._save(present.config, _State(local_sha256=self._local_sha256, good=present.layers, trial=layers))

    def started(self, run: Effective) -> None:
        """A daemon begins to run it.

        Raises:
            OSError: that a trial runs could not be noted: it must not.
        """
        self._set(run.config, must=bool(run.trial), running=bool(run.trial))

    def stopped(self, run: Effective) -> None:
        """It ended in good order."""
        self._set(run.config, running=False)

    def keep(self, run: Effective) -> None:
        """The trial went well: what it tried is the last known good from now on.

        Raises:
            OSError: that could not be noted: it is still on trial.
        """
        self._set(run.config, must=True, good=run.layers, trial=None, running=False)

    def roll_back(self, run: Effective, why: str) -> None:
        """The trial failed: the next start runs what was good before."""
        state = self._state(run.config)
        if state is not None and state.trial:
            self._rolled_back(run.config, state, why)

    def failure_told(self, run: Effective) -> None:
        """The failed trial is in the chain."""
        self._set(run.config, failed=None)

    # -- inside ------------------------------------------------------------------------------------

    def _applied(
        self,
        local: Effective,
        layers: tuple[str, ...],
        *,
        trial: str = "",
        failed: tuple[str, str] | None = None,
    ) -> Effective:
        """The commands of `layers` on top of the technician's text, each verified.

        Raises:
            EdgeAgentError: it must not be used, or cannot.
        """
        issuers = read_issuers(local.config.commands)
        text, name, changes = local.text, self.path, dict[Loc, str]()
        for digest in layers:
            action = self._verified(local.config, issuers, digest).action
            if isinstance(action, UpdateConfig):
                text, name, changes = action.text, self.path.with_name("update_config"), {}
                _no_new_secrets(local.text, text, name)
            elif isinstance(action, UpdateModel):
                model, accepted = SLOTS[action.slot]
                present = load_text(text, name, changes)
                changes[model] = str(_installed(_at(present, model), action))
                changes[accepted] = action.sha256
        config = load_text(text, name, changes)
        changed = [".".join(loc) for loc in PROTECTED if _at(local.config, loc) != _at(config, loc)]
        if changed:
            raise ChangeRefused(Refusal.CONFIG_PROTECTED, f"only at the box: {', '.join(changed)}")
        return Effective(config, text, layers, trial, failed)

    def _verified(self, config: SiteConfig, issuers: Issuers, digest: str) -> Command:
        try:
            envelope = (_folder(config) / f"{digest}.dsse.json").read_bytes()
        except OSError as error:
            raise VerificationError(f"command {digest}: {error.strerror}") from error
        signed = open_signed(envelope, issuers)
        command = parse(signed.payload)
        refusal = unauthorised(command, signed.issuer, config.site.tenant, config.site.device_id)
        if refusal is not None or signed.sha256 != digest:
            raise VerificationError(f"command {digest}: {refusal or 'another one lies in its place'}")
        return command

    def _read(self) -> tuple[str, str]:
        """The technician's file and its digest."""
        data = self.path.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()

    def _rolled_back(self, config: SiteConfig, state: _State, why: str) -> _State:
        assert state.trial
        back = state.model_copy(
            update={"trial": None, "running": False, "failed": (state.trial[-1], why[:500])}
        )
        self._try_to_save(config, back)
        return back

    def _set(self, config: SiteConfig, *, must: bool = False, **changed: Any) -> None:
        state = self._state(config)
        if state is not None and any(getattr(state, name) != value for name, value in changed.items()):
            (self._save if must else self._try_to_save)(config, state.model_copy(update=changed))

    def _state(self, config: SiteConfig) -> _State | None:
        if self._unsaved is not None:
            return self._unsaved
        try:
            return _State.model_validate_json((_folder(config) / "state.json").read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            # Nobody can say what held: the technician's file does.
            return _State(local_sha256="unreadable", good=UNREADABLE)

    def _try_to_save(self, config: SiteConfig, state: _State) -> None:
        try:
            self._save(config, state)
        except OSError as error:
            log.error("%s: %s; the next start finds it out again", _folder(config), error)  # noqa: TRY400 - no bug
            self._unsaved = state

    def _save(self, config: SiteConfig, state: _State) -> None:
        folder = _folder(config)
        write_over(folder / "state.json", state.model_dump_json().encode())
        self._unsaved = None
        used = {*state.good, *(state.trial or ())}
        for path in folder.glob("*.dsse.json"):
            if path.name.removesuffix(".dsse.json") not in used:
                path.unlink()

    def _forget(self, config: SiteConfig) -> None:
        self._try_to_save(config, _State(local_sha256=self._local_sha256))


def read_issuers(settings: CommandSettings | None) -> Issuers:
    """Who may command, with their keys.

    Raises:
        UsageError: a key file cannot be read, or two issuers share a key.
    """
    found = [
        Issuer(one.name, read_public_keys(one.public_key_file), frozenset(one.roles))
        for one in (settings.issuers if settings else ())
    ]
    keys = [key.keyid for issuer in found for key in issuer.keys]
    if len(set(keys)) != len(keys):
        raise UsageError("commands.issuers: one key is given twice")
    return Issuers(found)


def _folder(config: SiteConfig) -> Path:
    return config.evidence.store.directory.parent / "config"


def _at(config: Any, loc: Loc) -> Any:
    """What was chosen there; None where nothing was. Behind a `*`: by name, those for which something was."""
    for place, step in enumerate(loc):
        if step == "*":
            found = {name: _at(item, loc[place + 1 :]) for name, item in (config or {}).items()}
            return {name: chosen for name, chosen in found.items() if chosen is not None}
        config = getattr(config, str(step), None)
    return config


def _installed(present: str | None, action: UpdateModel) -> Path:
    """The model of that digest, out of the folder where the slot's present one lies."""
    if not present:
        raise UsageError(f"no {action.slot} is configured")
    for path in _models(Path(present).parent):
        if model_sha256(path) == action.sha256:
            return path
    raise UsageError(f"no model with digest {action.sha256} is installed on the box")


def _models(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.onnx")) if path.is_file())


def _no_new_secrets(local: str, text: str, name: Path) -> None:
    """Secrets and variables of the box may be used only where the technician uses them: none is sent away."""
    then, now = read_document(name, local).texts, read_document(name, text).texts
    moved = [loc for loc, said in now.items() if "${" in said and then.get(loc) != said]
    if moved:
        keys = ", ".join(".".join(map(str, loc)) for loc in moved)
        raise ChangeRefused(Refusal.CONFIG_PROTECTED, f"only at the box: ${{...}} in {keys}")
