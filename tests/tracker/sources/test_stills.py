from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.tracker.sources.material import corner_colours, grey, levels, write_picture
from tracker.errors import EmptySourceError, SourceError
from tracker.sources import FolderSource, ImageSource

LEFT_RIGHT, TOP_BOTTOM = np.s_[:, ::-1], np.s_[::-1]


def write_with_orientation(path: Path, picture: npt.NDArray[np.uint8], orientation: int) -> Path:
    """A JPEG with an EXIF block of one entry, tag 0x0112 (JEITA CP-3451, Orientation)."""
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 0)
    exif = b"Exif\0\0" + tiff
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    return path


class TestImage:
    @pytest.mark.parametrize(
        ("orientation", "shown"),
        [
            # What has to be done to the stored picture, from the place of its first row and column in the standard.
            (1, lambda stored: stored),
            (2, lambda stored: stored[LEFT_RIGHT]),
            (3, lambda stored: stored[LEFT_RIGHT][TOP_BOTTOM]),
            (4, lambda stored: stored[TOP_BOTTOM]),
            (5, lambda stored: stored.transpose(1, 0, 2)),
            (6, lambda stored: stored.transpose(1, 0, 2)[LEFT_RIGHT]),
            (7, lambda stored: stored.transpose(1, 0, 2)[TOP_BOTTOM][LEFT_RIGHT]),
            (8, lambda stored: stored.transpose(1, 0, 2)[TOP_BOTTOM]),
        ],
    )
    def test_is_turned_upright_as_its_exif_orientation_says(
        self, tmp_path: Path, orientation: int, shown: object
    ) -> None:
        path = write_with_orientation(tmp_path / "picture.jpg", corner_colours(), orientation)
        expected = shown(corner_colours())  # type: ignore[operator]
        with ImageSource(path) as source:
            assert source.size == (expected.shape[1], expected.shape[0])
            frame = source.read()
        assert frame is not None
        assert np.median(np.abs(frame.image.astype(int) - expected)) < 10

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".jp2", ".ppm"])
    def test_of_every_common_kind_is_read(self, tmp_path: Path, suffix: str) -> None:
        with ImageSource(write_picture(tmp_path / f"picture{suffix}", grey(120))) as source:
            frame = source.read()
        assert frame is not None
        assert levels([frame.image]) == [120]

    @pytest.mark.parametrize(
        "picture",
        [
            np.full((48, 64), 120, np.uint8),
            np.full((48, 64, 4), 120, np.uint8),
            np.full((48, 64, 3), 120 * 257, np.uint16),
        ],
        ids=["grey", "transparent", "16 bit"],
    )
    def test_of_other_depths_becomes_bgr_bytes(self, tmp_path: Path, picture: npt.NDArray[np.uint8]) -> None:
        with ImageSource(write_picture(tmp_path / "picture.png", picture)) as source:
            frame = source.read()
        assert frame is not None
        assert np.array_equal(frame.image, grey(120))

    def test_may_have_any_name(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "picture.png", grey(120)).rename(tmp_path / "Zoë 東京 ☃.PNG")
        with ImageSource(path) as source:
            assert source.name == "Zoë 東京 ☃.PNG"

    @pytest.mark.parametrize("share", [0.0, 0.5])
    def test_that_is_empty_or_cut_off_is_an_error(self, tmp_path: Path, share: float) -> None:
        path = write_picture(tmp_path / "picture.jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        with pytest.raises(SourceError, match=r"picture\.jpg: not a picture"):
            ImageSource(path)


class TestFolder:
    def test_is_read_in_the_order_people_number_files(self, tmp_path: Path) -> None:
        for name in ("10.png", "9.png", "b2.png", "B10.png", "a.png", "img-002.jpg", "img-01.jpg"):
            write_picture(tmp_path / name, grey(0))
        with FolderSource(tmp_path) as source:
            names = [frame.name for frame in source]
        assert names == ["9.png", "10.png", "a.png", "b2.png", "B10.png", "img-01.jpg", "img-002.jpg"]

    def test_passes_over_what_cannot_be_read_with_a_warning_that_names_it(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in (1, 3):
            write_picture(tmp_path / f"{number}.png", grey(10 * number))
        (tmp_path / "0.jpg").write_bytes(b"")
        (tmp_path / "2.png").write_bytes(b"not a picture")
        with FolderSource(tmp_path) as source:
            assert source.frame_count == 4
            frames = list(source)
            assert source.skipped == 2
        assert [(frame.name, frame.index) for frame in frames] == [("1.png", 1), ("3.png", 3)]
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert "0.jpg" in caplog.messages[0] and "2.png" in caplog.messages[1]

    def test_leaves_out_other_files_hidden_ones_and_folders_inside(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "picture.png", grey(0))
        write_picture(tmp_path / "._picture.png", grey(0)).rename(tmp_path / "._hidden.png")
        (tmp_path / "notes.txt").write_text("notes")
        (tmp_path / "inside.png").mkdir()
        with FolderSource(tmp_path) as source:
            assert [frame.name for frame in source] == ["picture.png"]

    def test_without_pictures_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("notes")
        with pytest.raises(EmptySourceError, match="no pictures in this folder"):
            FolderSource(tmp_path)

    def test_with_no_readable_picture_is_an_error(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "1.png").write_bytes(b"not a picture")
        with pytest.raises(EmptySourceError, match="none of its 1 pictures can be read"):
            FolderSource(tmp_path)
        assert "1.png" in caplog.text
