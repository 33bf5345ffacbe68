"""Who is who in crowded scenes: the field's measures of tracks (motmetrics), and how soon hidden faces are found again.

Faces of which less than `COUNTED` is visible are not asked for; those between `HIDDEN` and `COUNTED` may be tracked or
not, as in the MOT challenge's preparation of half-hidden people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import motmetrics
import numpy as np
import numpy.typing as npt

from benchmarks.scene_clips import SceneClip
from fpn.roi import Box
from tracker import HeadPoseTracker
from tracker.frame import TrackedPose, TrackState
from tracker.sources import open_source

COUNTED, HIDDEN = 0.6, 0.25  # share of a face's landmarks that is visible
_LEAST_OVERLAP = 0.5  # of the boxes of a face and of a track on it, intersection over union
_MATCHES = ("MATCH", "SWITCH")

MEASURES = {
    "recall": "recall",
    "precision": "precision",
    "idf1": "IDF1",
    "mota": "MOTA",
    "num_switches": "switches",
    "num_fragmentations": "fragments",
}
"""What is reported of a scene, by motmetrics' names: CLEAR MOT (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani et
al. 2016)."""


@dataclass(frozen=True)
class Followed:
    """A scene and what the tracker showed of it, frame by frame, coasting tracks apart."""

    clip: SceneClip
    shown: list[list[TrackedPose]]


@dataclass(frozen=True)
class Recovery:
    """A face that was hidden. found_after_s: from when it was visible again; None if it was not found."""

    head: str
    hidden_s: float
    found_after_s: float | None
    same_id: bool


def follow(clip: SceneClip, device: str, weights: Path | None) -> Followed:
    """The scene through detector, network and tracks, as the program has them by default."""
    shown = []
    with open_source(str(clip.video)) as source, HeadPoseTracker(device=device, weights=weights) as tracker:
        for frame in source:
            faces = tracker.update(frame.image, frame.time_s)
            shown.append([face for face in faces if face.state is not TrackState.COASTING])
    return Followed(clip, shown)


def accumulate(followed: Followed) -> motmetrics.MOTAccumulator:
    """Matches, misses and mistakes of a scene; heads are numbered as in `head_numbers`."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    numbers = head_numbers(followed.clip)
    for heads, faces in zip(followed.clip.frames, followed.shown, strict=True):
        counted = [head for head in heads if head.visible >= COUNTED]
        half_hidden = [head.box for head in heads if HIDDEN <= head.visible < COUNTED]
        overlaps = overlap([head.box for head in counted], [face.box for face in faces])
        spare = overlap(half_hidden, [face.box for face in faces]).max(0, initial=0.0) >= _LEAST_OVERLAP
        kept = [index for index in range(len(faces)) if not spare[index] or overlaps[:, index].max(initial=0.0) > 0.5]
        distances = np.where(overlaps[:, kept] >= _LEAST_OVERLAP, 1 - overlaps[:, kept], np.nan)
        accumulator.update([numbers[head.name] for head in counted], [faces[index].track for index in kept], distances)
    return accumulator


def head_numbers(clip: SceneClip) -> dict[str, int]:
    """A number for every head of a scene."""
    names = dict.fromkeys(head.name for heads in clip.frames for head in heads)
    return {name: number for number, name in enumerate(names, start=1)}


def measures(accumulators: dict[str, motmetrics.MOTAccumulator]) -> dict[str, dict[str, float]]:
    """The measures of `MEASURES` for every scene, and over all of them under "all"."""
    host = motmetrics.metrics.create()
    table = host.compute_many(
        list(accumulators.values()), names=list(accumulators), metrics=list(MEASURES), generate_overall=True
    )
    return {
        ("all" if name == "OVERALL" else str(name)): {key: float(row[key]) for key in MEASURES}
        for name, row in table.iterrows()
    }


def recoveries(followed: Followed, accumulator: motmetrics.MOTAccumulator) -> list[Recovery]:
    """What became of every face that was tracked, then hidden, and then visible again."""
    owners = _owners(accumulator)
    found = []
    for name, number in head_numbers(followed.clip).items():
        visible = [next((h.visible for h in heads if h.name == name), 0.0) for heads in followed.clip.frames]
        track = [owners.get((frame, number)) for frame in range(len(visible))]
        found += [_recovery(name, followed.clip.times_s, track, gone, back) for gone, back in _hidden_spans(visible)]
    return [each for each in found if each is not None]


def _recovery(
    name: str, times_s: Sequence[float], track: Sequence[int | None], gone: int, back: int
) -> Recovery | None:
    before = [each for each in track[:gone] if each is not None]
    if not before:
        return None
    hidden_s = times_s[back] - times_s[gone]
    frame = next((index for index in range(back, len(track)) if track[index] is not None), None)
    if frame is None:
        return Recovery(name, hidden_s, None, same_id=False)
    return Recovery(name, hidden_s, times_s[frame] - times_s[back], track[frame] == before[-1])


def _hidden_spans(visible: Sequence[float]) -> list[tuple[int, int]]:
    """Frames in which a face began to be hidden, and in which it was visible again, for every time it was."""
    spans, gone = [], None
    for frame, share in enumerate(visible):
        if share < COUNTED and gone is None and frame > 0:
            gone = frame
        elif share >= COUNTED and gone is not None:
            if min(visible[gone:frame]) < HIDDEN:
                spans.append((gone, frame))
            gone = None
    return spans


def _owners(accumulator: motmetrics.MOTAccumulator) -> dict[tuple[int, int], int]:
    """For frame and head number, the track that was matched with it."""
    events: Any = accumulator.mot_events
    chosen = events[events.Type.isin(_MATCHES)].reset_index()
    return {
        (int(frame), int(head)): int(track)
        for frame, head, track in zip(chosen.FrameId, chosen.OId, chosen.HId, strict=True)
    }


def overlap(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """Intersection over union (n, m) of boxes."""
    a = np.array([(box.x, box.y, box.width, box.height) for box in first]).reshape(-1, 1, 4)
    b = np.array([(box.x, box.y, box.width, box.height) for box in second]).reshape(1, -1, 4)
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.prod(np.maximum(high - low, 0), axis=-1)
    return np.asarray(common / (np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - common))


def report(followed: Sequence[Followed]) -> None:
    """Print the table of scenes, and that of hidden faces."""
    accumulators = {each.clip.name: accumulate(each) for each in followed}
    print("IDs in scenes of several heads, against exact truth")
    print(f"  {'':26}" + "".join(f"{title:>11}" for title in MEASURES.values()))
    for name, row in measures(accumulators).items():
        cells = (f"{row[key]:11.0f}" if key.startswith("num_") else f"{100 * row[key]:10.1f}%" for key in MEASURES)
        print(f"  {name:26}" + "".join(cells))
    found = [(each.clip.name, one) for each in followed for one in recoveries(each, accumulators[each.clip.name])]
    print("\nfaces that were hidden: for how long, tracked again how long after they were visible again, and the ID")
    for scene, one in found:
        when = "never" if one.found_after_s is None else f"{one.found_after_s:.2f} s"
        print(f"  {scene:26}{one.head:12}{one.hidden_s:.2f} s   {when:8} {'same' if one.same_id else 'another'}")
    short = [one for _, one in found if one.hidden_s <= 1.0]
    same = sum(one.same_id for one in short)
    waits = [one.found_after_s for one in short if one.found_after_s is not None]
    if waits:
        print(f"  hidden for up to a second: {same} of {len(short)} under the same ID, "
              f"median {np.median(waits):.2f} s, longest {max(waits):.2f} s after they were visible again")  # fmt: skip
