"""`edge-agent reference list|accept|show`: the accepted pictures of clear pavement."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.config.street import StreetCameraConfig, StreetConfig
    from edge_agent.devices.scene.accepting import Candidate
    from edge_agent.devices.scene.bank import Reference, ReferenceBank
    from edge_agent.devices.scene.pixels import Corners

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The accepted pictures of clear pavement, by camera."
)

MAX_DETAIL = 1000
MEDIAN_OF = 15  # pictures at most; twice as many are held at once

Config = Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site's configuration.")]
Camera = Annotated[str, typer.Option(metavar="CAM", help="A camera under street.cameras.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(
    config: Config,
    camera: Annotated[str | None, typer.Option(metavar="CAM", help="Only this camera's.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was accepted, by whom and when; the pictures' digests are checked.

    Exit: 0 every camera has one, 1 one has none, 2 a picture is missing or was changed.
    """
    site, street = _street(config)
    wanted = [camera] if camera else list(street.cameras)
    banks = {name: _bank(site, street, name) for name in wanted}
    if as_json:
        print(json.dumps({name: [asdict(r) for r in bank.all] for name, bank in banks.items()}))
    for name, bank in banks.items() if not as_json else ():
        print(f"{name}: " + ("" if bank.all else "nothing accepted yet: the camera is unfit until then"))
        for one in bank.all:
            print(f"  {_line(one)}")
    if not all(bank.active for bank in banks.values()):
        raise typer.Exit(1)


@app.command()
def accept(
    *,
    config: Config,
    camera: Camera,
    condition: Annotated[
        str, typer.Option(help="day-dry, overcast-dry, dusk-dry, night-dry; the same with -wet.")
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who looked at it and accepts it.")],
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="A JPEG or PNG; kept as it is.")] = None,
    video: Annotated[Path | None, typer.Option(metavar="FILE", help="A video; --at says where.")] = None,
    at: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="From the video's start.")] = 0.0,
    median: Annotated[
        bool,
        typer.Option("--median", help="Of the whole --video instead; needs --force, for it may hide goods."),
    ] = False,
    beside: Annotated[
        bool, typer.Option("--beside", help="Keep the earlier ones of the condition: another hour's shadows.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accept in spite of what is said against it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Accept one picture as the clear pavement: a file, a moment of a video, or the live camera's next one.

    Look at it first. People, vehicles or goods in a zone, and differences from what was accepted before,
    are told, and then only --force accepts. Exit: 0 accepted, 1 something speaks against it.
    """
    if image and video:
        raise UsageError("either --image or --video")
    if median and not video:
        raise UsageError("--median is of a --video")
    site, street = _street(config)
    bank = _bank(site, street, camera)
    settings = street.cameras[camera]
    candidate = _taken(image, video, at, settings, median=median)
    from edge_agent.devices.scene import accepting  # noqa: PLC0415 heavy: OpenCV

    detector = None
    if street.detector is not None:
        from edge_agent.devices.detector import Detector  # noqa: PLC0415 heavy

        detector = Detector(street.detector)
    against = [
        concern.en
        for concern in accepting.against(candidate, _zones(settings), settings.scene, bank, detector)
    ]
    accepted: Reference | None = None
    if not against or force:
        accepted = accepting.accept(candidate, bank, condition, by=by, beside=beside)
        _note(site, camera, accepted, against)
    if as_json:
        print(json.dumps({"accepted": asdict(accepted) if accepted else None, "against": against}))
    else:
        for sentence in against:
            print(f"warning: {sentence}")
        print(f"{camera}: accepted {_line(accepted)}" if accepted else "not accepted; --force accepts it")
    if accepted is None:
        raise typer.Exit(1)


def _note(site: SiteConfig, camera: str, accepted: Reference, against: list[str]) -> None:
    """Who accepted what, for the chain; where no box keeps its state nobody's chain is to tell of it."""
    from edge_agent.cli.noted import leave_action  # noqa: PLC0415 - help stays instant

    said = f"{accepted.id} sha256 {accepted.sha256} by {accepted.accepted_by} from {accepted.origin}"
    detail = f"{said}; in spite of: {' | '.join(against)}" if against else said
    if not site.evidence.store.directory.parent.is_dir():
        print("note: no box keeps its evidence here, so this is in no chain", file=sys.stderr)
        return
    try:
        leave_action(site, "reference_accepted", f"camera/{camera}", detail[:MAX_DETAIL])
    except (OSError, UsageError) as error:
        print(f"warning: this is not noted in the chain: {error}", file=sys.stderr)


@app.command()
def show(
    config: Config,
    camera: Camera,
    out: Annotated[Path, typer.Option(metavar="FILE.png")],
    reference: Annotated[str, typer.Option(metavar="ID", help="As `list` says; default: the newest.")] = "",
) -> None:
    """Draw the zones, door lines and masks over an accepted picture."""
    site, street = _street(config)
    bank = _bank(site, street, camera)
    chosen = [r for r in bank.all if not reference or r.id == reference]
    if not chosen:
        raise UsageError(f"{camera}: no accepted picture {reference}".rstrip())
    from edge_agent.devices.scene.overlay import drawn  # noqa: PLC0415 heavy: OpenCV
    from edge_agent.devices.scene.pixels import opencv  # noqa: PLC0415

    settings = street.cameras[camera]
    lines = {name: zone.door_line for name, zone in settings.zones.items() if zone.door_line}
    picture = drawn(bank.image(chosen[-1]), _zones(settings), lines, settings.scene.masks)
    done, data = opencv().imencode(".png", picture)
    assert done
    out.write_bytes(data.tobytes())
    print(f"{out}: {_line(chosen[-1])}")


def _street(config: Path) -> tuple[SiteConfig, StreetConfig]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant

    site = load(config)
    if site.street is None:
        raise UsageError(f"{config}: there is no street in it")
    return site, site.street


def _bank(_site: SiteConfig, street: StreetConfig, camera: str) -> ReferenceBank:
    from edge_agent.devices.scene.bank import ReferenceBank  # noqa: PLC0415

    if camera not in street.cameras:
        raise UsageError(f"no street camera {camera!r}; there are {', '.join(sorted(street.cameras))}")
    return ReferenceBank(street.references_dir, camera)


def _zones(settings: StreetCameraConfig) -> dict[str, Corners]:
    return {name: zone.polygon for name, zone in settings.zones.items()}


def _taken(
    image: Path | None, video: Path | None, at: float, settings: StreetCameraConfig, *, median: bool
) -> Candidate:
    from edge_agent.devices.scene import watch  # noqa: PLC0415 heavy: OpenCV
    from edge_agent.devices.scene.accepting import Candidate  # noqa: PLC0415 same

    if image is not None:
        return Candidate.of_file(image.read_bytes(), image.name)
    if video is not None and median:
        return Candidate.of_video(watch.median(video, MEDIAN_OF), f"median of {video.name}", "median")
    if video is not None:
        return Candidate.of_video(watch.picture_at(video, at), f"{video.name} at {at:g} s")
    picture = watch.live_picture(settings.video.url, settings.video.transport)
    return Candidate.of_video(picture, f"live {settings.video.safe_url}")


def _line(one: Reference) -> str:
    state = f"replaced by {one.replaced_by}" if one.replaced_by else "in use"
    median = " (a MEDIAN, not a moment)" if one.source == "median" else ""
    return (
        f"{one.id}  {one.width}x{one.height}  {one.sha256[:12]}  by {one.accepted_by} "
        f"at {one.accepted_at}  from {one.origin}{median}  {state}"
    )
