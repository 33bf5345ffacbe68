"""Face-mesh landmarks of every training crop, from the picture and from its mirror image.

The mesh of the detection library (MediaPipe 0.10.21, the model without attention) is where the geometry of the training
pictures comes from. Each crop is measured twice, as it is and mirrored; the mean of both is free of the mesh's own
left-right bias and their distance says how far it can be trusted.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import numpy.typing as npt

CROP_SIZE = 192
LANDMARK_COUNT = 468
MESH_INPUT = 192


def crop_rows(faces: Path) -> list[dict[str, str]]:
    """The rows of `faces.csv`, in file order: the index of a crop everywhere in `training`."""
    with (faces / "faces.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_crops(faces: Path, rows: list[dict[str, str]]) -> Iterator[npt.NDArray[np.uint8]]:
    """The crops (192, 192, 3) uint8 BGR of `rows`, in order; each zip is opened once."""
    archives: dict[str, ZipFile] = {}
    try:
        for row in rows:
            if row["zip"] not in archives:
                archives[row["zip"]] = ZipFile(faces / row["zip"])
            data = np.frombuffer(archives[row["zip"]].read(row["name"]), np.uint8)
            yield np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    finally:
        for archive in archives.values():
            archive.close()


def patch_transform(
    center: npt.NDArray[np.float64], extent: float, roll: float, mirrored: bool
) -> npt.NDArray[np.float64]:
    """The (2, 3) affine map from mesh input pixels to picture pixels: upright face, 1.5 times the mesh's bounding box.

    center (2,) and extent: the middle and the longer side of that box, in pixels. roll: radians, clockwise.
    """
    scale = extent * 1.5 / MESH_INPUT
    cosine, sine = scale * np.cos(roll), scale * np.sin(roll)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    offset = center - linear @ np.full(2, (MESH_INPUT - 1) / 2)
    return np.column_stack([linear, offset])


class FaceMesh:
    """The mesh model on patches of pictures; one a process."""

    def __init__(self) -> None:
        import mediapipe
        from ai_edge_litert.interpreter import Interpreter

        model = Path(mediapipe.__file__).parent / "modules/face_landmark/face_landmark.tflite"
        self._interpreter = Interpreter(str(model), num_threads=1)
        self._interpreter.allocate_tensors()
        self._given = self._interpreter.get_input_details()[0]["index"]
        self._points, self._flag = (detail["index"] for detail in self._interpreter.get_output_details())

    def find(self, image: npt.NDArray[np.uint8], to_picture: npt.NDArray[np.float64]) -> npt.NDArray[np.float32] | None:
        """Points (468, 3) in picture pixels, z towards the scene, of the face in a patch of `image` (h, w, 3) BGR; None
        where the model sees none. to_picture: (2, 3), from the patch's pixels to the picture's.
        """
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpAffine(image, to_picture, (MESH_INPUT, MESH_INPUT), flags=flags)
        self._interpreter.set_tensor(self._given, patch[None, ..., ::-1].astype(np.float32) / 255)
        self._interpreter.invoke()
        if self._interpreter.get_tensor(self._flag).ravel()[0] < 0:
            return None
        points = self._interpreter.get_tensor(self._points).reshape(LANDMARK_COUNT, 3).copy()
        points[:, :2] = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] *= np.sqrt(abs(np.linalg.det(to_picture[:, :2])))
        return points


def measure(faces: Path, rows: list[dict[str, str]]) -> npt.NDArray[np.float32]:
    """Landmarks (n, 2, 468, 3) in crop pixels, z towards the scene; [:, 1] is from the mirror image, mirrored back in x
    but with its own left-right point order. NaN where the csv has no mesh or the model sees no face.
    """
    mesh = FaceMesh()
    found = np.full((len(rows), 2, LANDMARK_COUNT, 3), np.nan, np.float32)
    for index, (row, image) in enumerate(zip(rows, read_crops(faces, rows), strict=True)):
        if row["mesh_found"] != "1":
            continue
        roll = np.radians(float(row["mesh_roll_deg"]))
        for side in (0, 1):
            # The crop is the square of 2.2 times the mesh's bounding box around its centre.
            to_crop = patch_transform(np.full(2, (CROP_SIZE - 1) / 2), CROP_SIZE / 2.2, roll, mirrored=bool(side))
            points = mesh.find(image, to_crop)
            if points is not None:
                found[index, side] = points
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure all crops with several processes and write `landmarks.npy`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--out", type=Path, required=True, help="landmarks.npy to write")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    rows = crop_rows(options.faces)
    chunk = 500
    parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
    with ProcessPoolExecutor(options.workers) as pool:
        results = []
        for number, part in enumerate(pool.map(measure, [options.faces] * len(parts), parts)):
            results.append(part)
            print(f"{(number + 1) * chunk} of {len(rows)}", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.save(options.out, np.concatenate(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
