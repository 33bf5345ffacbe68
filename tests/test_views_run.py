"""Faces seen from other sides, from the program's arguments to the files it writes."""

import av
import cv2
import numpy as np
import pytest

from renderer import View
from tests.tracker.sinks.material import face, tracked
from tests.tracker.sources.material import write_list
from tracker.cli import main
from tracker.errors import UsageError
from tracker.face_views import ViewChoice
from tracker.options import PARTS, parse_options
from tracker.sinks import annotated
from tracker.sources import DEMO_CLIP, open_source


def run(*arguments):
    return main([str(argument) for argument in arguments])


def pictures_of(path):
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def test_views_are_asked_for_by_their_angles():
    assert parse_options(["--views", "0,40:10"]).views == ViewChoice((View(), View(40, 10)))
    assert parse_options(["--views=-40"]).views == ViewChoice((View(-40),))
    assert parse_options(["--views", "auto"]).views == ViewChoice(None)
    assert parse_options([]).views is None


def test_a_track_is_an_id_or_a_rule():
    assert parse_options(["--track", "12"]).track == 12
    assert parse_options(["--track", "all"]).track == "all"
    assert parse_options([]).track == "largest"


def test_parts_to_draw_are_named():
    assert parse_options(["--draw", "mesh, axes"]).draw == ("mesh", "axes")
    assert parse_options(["--draw", "none"]).draw == ()
    assert set(parse_options([]).draw) == {"box", "axes"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--views", "sideways"],
        ["--views", "120"],
        ["--views", ""],
        ["--view-size", "0"],
        ["--view-size", "15"],
        ["--view-size", "5000"],
        ["--track", "0"],
        ["--track", "first"],
        ["--draw", "moustache"],
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments):
    with pytest.raises(UsageError) as refused:
        parse_options(arguments)
    assert "\n" not in str(refused.value)
    assert arguments[0] in str(refused.value)


def test_the_frontal_view_of_a_video_is_a_video_at_the_same_times(tmp_path):
    front, seen = tmp_path / "front.mp4", tmp_path / "seen.mp4"
    options = ["--no-display", "--max-frames", 8, "--view-size", 96, "--views", "0,40"]
    assert run("--source", "demo", *options, "--frontal", front, "--output", seen) == 0
    written, shown, source = pictures_of(front), pictures_of(seen), pictures_of(DEMO_CLIP)[:8]
    assert [time for time, _ in written] == pytest.approx([time for time, _ in source], abs=1e-3)
    assert {picture.shape for _, picture in written} == {(96, 96, 3)}
    assert {picture.shape for _, picture in shown} == {(480, 640 + 2 * 96, 3)}
    # The head of the demo looks at the camera there: skin in the middle of the view is brighter than the hair above.
    view = written[5][1].astype(float)
    assert view[45:60, 40:56].mean() > view[8:16, 40:56].mean() + 30


def test_smoothed_offline_the_frontal_view_is_there_as_well(tmp_path):
    front = tmp_path / "front.mp4"
    options = ["--no-display", "--max-frames", 6, "--view-size", 64, "--smoothing", "offline"]
    assert run("--source", "demo", *options, "--frontal", front) == 0
    written = pictures_of(front)
    assert len(written) == 6
    assert written[3][1].std() > 20


def test_a_list_of_pictures_becomes_folders_of_views(tmp_path):
    with open_source("demo") as source:
        picture = source.read().image
    cv2.imwrite(str(tmp_path / "one.png"), picture)
    listed = write_list(tmp_path / "faces.csv", ["subject1_a,one.png,275,170,90,110"])
    views = tmp_path / "views"
    arguments = ["--source", listed, "--no-display", "--views-dir", views]
    assert run(*arguments) == 0
    found = sorted(path.relative_to(views).as_posix() for path in views.rglob("*.jpg"))
    assert len(found) == 5
    assert "subject1_a/subject1_a_rendered_0.jpg" in found
    assert cv2.imread(str(views / found[0])).shape == (224, 224, 3)
    assert run(*arguments) == 15  # they exist already
    assert run(*arguments, "--overwrite") == 0


def test_a_folder_of_views_of_a_video_is_refused_before_it_is_opened(tmp_path, capfd):
    assert run("--source", "demo", "--no-display", "--views-dir", tmp_path / "views") == 2
    assert "--frontal" in capfd.readouterr().err
    assert not (tmp_path / "views").exists()


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_drawn_alone(part):
    image = np.zeros((240, 320, 3), np.uint8)
    result = tracked(image=image, poses=[face(translation=(0.0, 0.0, 600.0))])
    bare = annotated(result, parts=())
    drawn = annotated(result, parts=(part,))
    assert (drawn != bare).any(-1).sum() > 50
    assert not image.any()
