"""Makes docs/demo.png from what `make demo` wrote: the moments in which the head is turned farthest each way."""

import csv
from pathlib import Path

import av
import cv2
import numpy as np

DOCS = Path(__file__).parent
OUTPUT = DOCS.parent / "output"
MOMENT_SIDE = 380  # pixels; four of them beside each other fill a README
SIDE_OVER_FACE = 3.6  # what is shown around the face's box, so that the words above the head are in it


def main() -> None:
    """Read output/demo.csv and output/demo.mp4, write docs/demo.png."""
    with (OUTPUT / "demo.csv").open(newline="", encoding="utf-8") as file:
        poses = [
            {name: float(row[name]) for name in row if name not in ("image", "state")} for row in csv.DictReader(file)
        ]
    farthest = [max(poses, key=lambda row: row["yaw_deg"]), min(poses, key=lambda row: row["yaw_deg"])]
    farthest += [max(poses, key=lambda row: row["pitch_deg"]), max(poses, key=lambda row: row["roll_deg"])]
    with av.open(str(OUTPUT / "demo.mp4")) as container:
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    moments = [around_face(pictures[int(pose["frame"])], pose) for pose in farthest]
    cv2.imwrite(str(DOCS / "demo.png"), np.hstack(moments), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def around_face(picture: np.ndarray, pose: dict[str, float]) -> np.ndarray:
    """The square around the face, moved into the picture where it would reach beyond it."""
    height, width = picture.shape[:2]
    side = min(round(SIDE_OVER_FACE * max(pose["box_w"], pose["box_h"])), height, width)
    left = round(pose["box_x"] + pose["box_w"] / 2 - side / 2)
    top = round(pose["box_y"] + pose["box_h"] / 2 - side / 2)
    left, top = min(max(left, 0), width - side), min(max(top, 0), height - side)
    square = picture[top : top + side, left : left + side]
    return cv2.resize(square, (MOMENT_SIDE, MOMENT_SIDE), interpolation=cv2.INTER_CUBIC)


if __name__ == "__main__":
    main()
