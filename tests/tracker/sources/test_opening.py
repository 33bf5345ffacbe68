from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tracker.sources.fake_camera import FakeCamera
from tests.tracker.sources.material import grey, write_grey_clip, write_list, write_picture
from tracker.errors import CameraError, EmptySourceError, SourceError
from tracker.sources import (
    CameraSource,
    FolderSource,
    ImageSource,
    ListSource,
    VideoSource,
    camera,
    open_source,
    opening,
)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCamera:
    shown = FakeCamera(plays=True)
    monkeypatch.setattr(camera.cv2, "VideoCapture", lambda index, backend: shown.open(index))
    return shown


@pytest.mark.parametrize(("spec", "index"), [("0", 0), ("12", 12), ("/dev/video2", 2)])
def test_a_number_or_device_is_a_camera(fake: FakeCamera, spec: str, index: int) -> None:
    with open_source(spec) as source:
        assert isinstance(source, CameraSource)
        assert source.name == f"camera {index}"
    assert fake.index == index


def test_what_is_asked_of_a_camera_reaches_it(fake: FakeCamera) -> None:
    with open_source("0", camera_size=(640, 360), camera_fps=15.0):
        pass
    asked = dict(fake.asked)
    assert asked[camera.cv2.CAP_PROP_FRAME_WIDTH] == 640
    assert asked[camera.cv2.CAP_PROP_FRAME_HEIGHT] == 360
    assert asked[camera.cv2.CAP_PROP_FPS] == 15


def test_a_file_called_like_a_camera_is_meant_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_grey_clip(tmp_path / "clip.mp4").rename(tmp_path / "0")
    monkeypatch.chdir(tmp_path)
    with open_source("./0") as source:
        assert isinstance(source, VideoSource)


def test_a_folder_is_its_pictures_and_a_csv_a_list(tmp_path: Path) -> None:
    write_picture(tmp_path / "one.png", grey(0))
    write_list(tmp_path / "list.CSV", ["a,one.png,1,2,3,4"])
    with open_source(str(tmp_path)) as folder, open_source(str(tmp_path / "list.CSV")) as faces:
        assert isinstance(folder, FolderSource)
        assert isinstance(faces, ListSource)


@pytest.mark.parametrize(
    ("name", "kind"), [("holiday", ImageSource), ("holiday.backup", ImageSource), ("picture.PNG", ImageSource)]
)
def test_a_picture_is_known_by_content_where_the_name_does_not_tell(tmp_path: Path, name: str, kind: type) -> None:
    path = write_picture(tmp_path / "picture.png", grey(0)).rename(tmp_path / name)
    with open_source(str(path)) as source:
        assert isinstance(source, kind)


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("name", ["holiday", "holiday.download"])
def test_a_video_is_known_by_content_where_the_name_does_not_tell(tmp_path: Path, container: str, name: str) -> None:
    path = write_grey_clip(tmp_path / f"clip.{container}").rename(tmp_path / name)
    with open_source(str(path)) as source:
        assert isinstance(source, VideoSource)


def test_an_animation_is_a_video(tmp_path: Path) -> None:
    path = write_grey_clip(tmp_path / "clip.gif", 5, codec="gif", pixels="rgb8")
    with open_source(str(path)) as source:
        assert source.is_sequence
        assert [round(frame.time_s, 3) for frame in source] == [0, 0.1, 0.2, 0.3, 0.4]


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    path = write_grey_clip(tmp_path / "my clip.mp4")
    with open_source(path.as_uri()) as source:
        assert source.recording == path


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_picture(tmp_path / "picture.png", grey(0))
    with open_source("~/picture.png") as source:
        assert isinstance(source, ImageSource)


class TestRefusals:
    """Each is one line that says with what, and what to do."""

    @staticmethod
    def message(spec: str, kind: type[SourceError] = SourceError) -> str:
        with pytest.raises(SourceError) as caught:
            open_source(spec)
        assert type(caught.value) is kind
        message = str(caught.value)
        assert "\n" not in message
        return message

    def test_no_such_file(self, tmp_path: Path) -> None:
        assert "clip.mp4: no such file or folder; check the path" in self.message(str(tmp_path / "clip.mp4"))

    def test_a_path_through_a_file(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "picture.png", grey(0))
        assert "no such file or folder" in self.message(str(path / "clip.mp4"))

    @pytest.mark.parametrize("name", ["clip.mp4", "picture.jpg", "list.csv", "notes"])
    def test_an_empty_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert f"{name}: the file is empty" in self.message(str(tmp_path / name), EmptySourceError)

    def test_an_unknown_extension(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("some notes\n" * 100)
        assert "notes.txt: unknown extension .txt; give a video (.mp4" in self.message(str(path))

    def test_no_extension(self, tmp_path: Path) -> None:
        path = tmp_path / "notes"
        path.write_text("some notes\n" * 100)
        assert "notes: no extension; give a video" in self.message(str(path))

    def test_not_a_video(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.mp4"
        path.write_text("some notes\n" * 100)
        assert "notes.mp4: not a video" in self.message(str(path))

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.mp4")
        assert "pipe.mp4: not a file" in self.message(str(tmp_path / "pipe.mp4"))

    def test_an_unknown_kind_of_address(self) -> None:
        message = self.message("gopher://me:secret@host/video")
        assert "rtsp://" in message
        assert "secret" not in message

    @pytest.mark.parametrize("spec", ["clip\0.mp4", "~nobody-of-this-name/clip.mp4", "x" * 5000, "", "99999999999999"])
    def test_what_cannot_be_a_path(self, spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        self.message(spec, EmptySourceError if spec == "" else SourceError)

    def test_a_camera_that_is_not_there(self, fake: FakeCamera) -> None:
        fake.present = False
        assert "camera 3: not there" in self.message("3", CameraError)

    def test_a_demo_clip_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(opening, "DEMO_CLIP", tmp_path / "demo.mp4")
        assert "demo.mp4: the demo clip is missing" in self.message("demo")
