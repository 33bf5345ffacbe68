"""What faces that move leak into the poses of eight people, whose heads rest, and then turn to and fro meanwhile.

`python -m benchmarks.leakage --clips FOLDER` prints tables; the clips are drawn the first time, from the data of the
training. The people are other ones than those on whom the correction of the tracker is fitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.expression_clips import PEOPLE, SECONDS, draw_people
from benchmarks.motion_clips import RATE, read_clip
from benchmarks.options import add_clips, add_drawing, add_network
from benchmarks.steadiness import lag_s
from benchmarks.tracked import METHODS, Filter, Tracked, swinging, track

Float = npt.NDArray[np.float64]

_STILL_S = 0.3, 1.0  # when face and head rest
_MOVES_FROM_S = 2.0  # heads turn to and fro while their faces speak and smile, from a second later on
SWINGS = ((0.0, 0.5), (1.0, 0.5), (3.0, 0.5), (6.0, 0.5), (3.0, 1.5), (10.0, 1.0))
"""Of heads whose faces move: degrees, and times a second."""
_AXES = {"pitch": (1.0, 0.0, 0.0), "yaw": (0.0, 1.0, 0.0)}


@dataclass(frozen=True)
class Changes:
    """Of an error, over people and the two axes: root mean square and mean largest change, degrees; lag in frames."""

    rms_deg: float
    largest_deg: float
    lag_frames: float


def changes_deg(method: Filter, tracked: Tracked) -> Float:
    """Angles (n,) by which the error of the rotation differs from its mean while face and head rest, degrees."""
    seen = Rotation.from_matrix([pose.rotation for pose in method(tracked)])
    errors = (Rotation.from_matrix(tracked.clip.rotations).inv() * seen).as_rotvec(degrees=True)
    times = tracked.clip.times_s - tracked.clip.times_s[0]
    still = (times >= _STILL_S[0]) & (times < _STILL_S[1])
    return np.asarray(np.linalg.norm(errors - errors[still].mean(0), axis=1))


def leakage_deg(method: Filter, people: Sequence[Tracked]) -> dict[str, Float]:
    """For each expression, the largest change of every person's still head."""
    found: dict[str, list[float]] = {name: [] for name in SECONDS}
    for person in people:
        changes, times = changes_deg(method, person), person.clip.times_s
        for name, (begin, end) in SECONDS.items():
            found[name].append(float(changes[(times >= begin) & (times < end)].max()))
    return {name: np.array(values) for name, values in found.items()}


def moving(method: Filter, people: Sequence[Tracked], amplitude_deg: float, frequency_hz: float) -> Changes:
    """What becomes of heads that turn to and fro while their faces move."""
    squares, largest, lags = [], [], []
    for axis in _AXES.values():
        for person in people:
            swung = swinging(_from(person, _MOVES_FROM_S), amplitude_deg, frequency_hz, axis)
            changes, times = changes_deg(method, swung), swung.clip.times_s - swung.clip.times_s[0]
            squares.append(float(np.mean(changes[times >= 1] ** 2)))
            largest.append(float(changes[times >= 1].max()))
            if amplitude_deg:
                turns = [Rotation.from_matrix(each) for each in (_rotations(method, swung), swung.clip.rotations)]
                seen, truth = ((turn * turn[0].inv()).as_rotvec() @ axis for turn in turns)
                lags.append(RATE * lag_s(times, seen, truth))
    return Changes(float(np.sqrt(np.mean(squares))), float(np.mean(largest)), float(np.mean(lags)) if lags else 0.0)


def _rotations(method: Filter, tracked: Tracked) -> Float:
    return np.array([pose.rotation for pose in method(tracked)])


def _from(tracked: Tracked, seconds: float) -> Tracked:
    """The clip from a time on."""
    first = int(np.searchsorted(tracked.clip.times_s, seconds))
    clip = tracked.clip
    cut = type(clip)(clip.name, clip.video, clip.times_s[first:], clip.rotations[first:], clip.translations[first:])
    return Tracked(cut, tracked.poses[first:], tracked.shapes[first:], tracked.leakage)


def report(people: Sequence[Tracked], methods: Mapping[str, Filter] = METHODS) -> None:
    """Print what expressions do to still heads, and to moving ones."""
    print(f"largest change of a still head's rotation, degrees, mean over {len(people)} people (and the worst of them)")
    leaks = {name: leakage_deg(method, people) for name, method in methods.items()}
    print(" " * 10 + "".join(f"{name:16}" for name in methods))
    for expression in SECONDS:
        cells = (f"{leaks[name][expression].mean():.2f} ({leaks[name][expression].max():.2f})" for name in methods)
        print(f"  {expression:8}" + "".join(f"{cell:16}" for cell in cells))
    print("\nheads that turn to and fro, about two axes, while their faces move: change of the error, root mean square")
    print("and largest (mean over people), degrees, and lag, frames of 1/30 s")
    for amplitude_deg, frequency_hz in SWINGS:
        found = (moving(method, people, amplitude_deg, frequency_hz) for method in methods.values())
        cells = (f"{each.rms_deg:.2f} {each.largest_deg:.2f} {each.lag_frames:+.2f}" for each in found)
        print(f"  {amplitude_deg:3.0f} at {frequency_hz:3.1f} Hz  " + "".join(f"{cell:18}" for cell in cells))


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing, track it once, and measure every preset on the same raw poses."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leakage", description=__doc__)
    add_clips(parser)
    add_drawing(parser)
    add_network(parser)
    options = parser.parse_args(argv)
    if options.head and options.faces and options.fits:
        draw_people(options.clips, options.head, options.faces, options.fits)
    missing = [name for name in PEOPLE if not (options.clips / f"{name}.csv").exists()]
    if missing:
        parser.error(f"{options.clips} lacks {', '.join(missing)}: give --head, --faces and --fits to draw them")
    report([track(read_clip(options.clips, name), options.device, options.weights) for name in PEOPLE])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
