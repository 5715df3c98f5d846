"""`edge-agent COMMAND ...`: finds the command's file and runs it.

Help must be instant on a small box, so nothing but the named command is imported.
"""

from __future__ import annotations

import importlib
import sys

from edge_agent import __version__

# command -> one line of help; the file is cli/<command>.py and has `app`. In the order of need: on a box,
# with recordings, on the platform's side.
COMMANDS: dict[str, str] = {
    "demo": "the whole job on simulated hardware: weigh, match, seal, publish, receipt",
    "run": "the daemon",
    "config": "check a configuration; print its JSON Schema",
    "identity": "the box's keys and certificates: init, csr, install, rotate, show",
    "doctor": "what is wrong with this box, what it means, and the next step",
    "calibrate": "known loads, a truck's runs, lone vehicles -> calibration and camera distance",
    "reference": "the accepted pictures of clear pavement: list, accept, show",
    "plates": "read number plates in pictures and videos; can they be read in this camera's picture?",
    "console": "the box's own pages: who may log in, their certificate",
    "commission": "examine the whole box, sign it off: the report, sealed into the chain",
    "outbox": "what the box still owes the platform: status, list, show, requeue, export",
    "verify": "check evidence: signature, chain, attachments, receipt",
    "record": "a marked session of what the box sees -> a recording",
    "simulate": "a scenario and a seed -> a recording and its ground truth",
    "import": "raw serial captures, plate CSVs and videos -> a recording",
    "replay": "a recording -> the decisions and statements it leads to",
    "sweep": "recordings with every combination of some settings -> counts, precision and recall",
    "diff": "which decisions differ between two runs or settings, and why",
    "report": "a recording or a statement as one page: trace, axles, match, pictures, time lines",
    "explain": "a statement in words: what was measured, how sure, what follows, what does not",
    "corpus": "thousands of recordings on processes or a cluster; what differs from before",
    "redetect": "the detector over recorded video again, compared with its boxes of then",
    "view": "a recording in Rerun, or as a file for Foxglove: video, boxes, loads, matches, states, log",
    "ingest": "the platform's side: verify, store durably, sign receipts",
    "command": "ask a box to do something, signed; see what came of it",
    "inbox": "the platform's pages for people, and its webhooks",
    "model": "list, install, train, measure and export detection models; reviewed cases -> a dataset",
    "bench": "ratios against a floor measured in the same run",
}

PATH_MISTAKES = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)


def usage() -> str:
    """The text of `edge-agent --help`."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: edge-agent COMMAND [OPTIONS]",
            "",
            "Roadside enforcement agent: from load-cell bytes to signed, receipted candidate evidence.",
            "",
            "Commands:",
            *lines,
            "",
            "`edge-agent COMMAND --help` says more. Exit: 0 good, 1 the checked thing is bad, 2 usage.",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0 if args else 2
    if args[0] in {"--version", "-V"}:
        print(f"edge-agent {__version__}")
        return 0
    name, rest = args[0], args[1:]
    if name not in COMMANDS:
        print(
            f"edge-agent: no command {name!r}{_meant(name)}. `edge-agent --help` lists them.", file=sys.stderr
        )
        return 2
    return run_command(name, rest)


def _meant(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes pays for it

    close = get_close_matches(name, COMMANDS, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def run_command(name: str, args: list[str]) -> int:
    """Import `cli/<name>.py` and call its app; a user's mistake never prints a traceback."""
    from edge_agent.errors import EdgeAgentError, UserError  # noqa: PLC0415 - help stays instant

    module = importlib.import_module(
        f"edge_agent.cli.{name}_" if name == "import" else f"edge_agent.cli.{name}"
    )
    try:
        status = module.app(args=args, prog_name=f"edge-agent {name}", standalone_mode=True)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except EdgeAgentError as error:
        print(f"edge-agent {name}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # A path that is not what it should be is a mistake in the call; a full or failing disk is not.
        print(f"edge-agent {name}: {_said(error)}", file=sys.stderr)
        return 2 if isinstance(error, PATH_MISTAKES) else 1
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else (0 if stop.code is None else 1)
    return status if isinstance(status, int) else 0


def _said(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename is not None else what
