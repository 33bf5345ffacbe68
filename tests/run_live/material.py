"""What the tests of the whole program share: how a run ended, and what it wrote."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import av

from tracker.sources import DEMO_CLIP

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
COLUMNS = (
    "frame,time_s,image,track,state,yaw_deg,pitch_deg,roll_deg,qx,qy,qz,qw,tx_mm,ty_mm,tz_mm,"
    "rotation_std_deg,position_std_mm,score,box_x,box_y,box_w,box_h"
)


class Result(NamedTuple):
    code: int
    out: str
    err: str


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def demo_frames(count):
    with av.open(str(DEMO_CLIP)) as container:
        return [
            frame.to_ndarray(format="bgr24") for frame, _ in zip(container.decode(video=0), range(count), strict=False)
        ]


def decoded_frames(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
