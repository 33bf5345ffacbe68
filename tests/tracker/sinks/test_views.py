import logging
from threading import Event

import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from fpn.rotations import rotation_from_angles
from models.face_model import load_face_model
from renderer import View, ViewError
from renderer.synthetic_head import SyntheticHead
from tests.tracker.sinks.material import StatedSource, face, grey, pictures, tracked
from tracker.errors import SinkError, UsageError
from tracker.face_views import FaceViews, ViewChoice
from tracker.frame import Frame, TrackedFrame, TrackState
from tracker.sinks import FrontalVideoSink, VideoSink, ViewFolderSink, WindowSink, open_sinks
from tracker.sinks.view_panel import CHOICES, Places, ViewPanel

SIZE = 64
CAMERA = Camera.from_fov(320, 240)
LEFT_PLACE, RIGHT_PLACE = (-110.0, 0.0, 600.0), (110.0, 0.0, 600.0)


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Views are waited for until they are ready, however busy the machine is."""
    monkeypatch.setattr("tracker.face_views._MOMENT_S", 120)


@pytest.fixture(scope="module")
def photograph():
    """Two heads side by side, the left one turned."""
    model = load_face_model()
    picture = np.full((240, 320, 3), 120, np.uint8)
    for yaw, place in ((30, LEFT_PLACE), (0, RIGHT_PLACE)):
        rotation = rotation_from_angles(yaw, 0, 0)
        head = SyntheticHead.average(model, rotation.T @ np.array([0.0, -0.4, -0.9]))
        picture = head.photograph(CAMERA, rotation, np.array(place), picture)
    return picture


def someone(track=1, yaw=0.0, place=RIGHT_PLACE, width=60.0, **changes):
    pose = HeadPose(rotation_from_angles(yaw, 0, 0), np.array(place), np.eye(3), np.eye(3))
    return face(track, pose.rotation, place, box=Box(10, 10, width, width), **changes)


def frame_of(image, *faces, index=0, time_s=None, name="clip.mp4"):
    frame = Frame(image, index / 25 if time_s is None else time_s, index, name)
    return TrackedFrame(frame, faces, CAMERA, 0.0)


def difference(first, second):
    return np.abs(first.astype(int) - second).mean()


class TestChoice:
    def test_auto_follows_the_heads_own_yaw(self):
        choice = ViewChoice.parse("auto")
        assert choice.of(someone(yaw=-50).pose) == (View(-55), View(-75))
        assert choice.most == 5

    def test_a_list_is_the_same_for_every_face(self):
        choice = ViewChoice.parse("0,40:10")
        assert choice.of(someone(yaw=-50).pose) == (View(), View(40, 10))

    def test_anything_else_is_refused(self):
        with pytest.raises(ViewError):
            ViewChoice.parse("sideways")


class TestFaceViews:
    def test_views_of_one_frame_are_drawn_once(self, photograph):
        views = FaceViews(SIZE)
        result = frame_of(photograph, someone())
        (first,) = views.of(result, result.poses[0], [View()])
        again, _ = views.of(result, result.poses[0], [View(), View(40)])
        assert first is again
        (later,) = views.of(frame_of(photograph, someone(), index=1), result.poses[0], [View()])
        assert later is not first

    def test_unrelated_pictures_know_nothing_of_each_other(self, photograph):
        fresh, used = (FaceViews(SIZE, is_sequence=False) for _ in range(2))
        used.of(frame_of(np.zeros_like(photograph), someone(yaw=50), time_s=0.0), someone(yaw=50), [View()])
        result = frame_of(photograph, someone(), index=1, time_s=0.0)
        (found,), (wanted,) = (views.of(result, result.poses[0], [View()]) for views in (used, fresh))
        np.testing.assert_array_equal(found.picture, wanted.picture)


class TestPanel:
    def test_views_stand_beside_the_picture_which_stays_as_it_is(self, photograph):
        face_views = FaceViews(SIZE)
        result = frame_of(photograph, someone(1, 30, LEFT_PLACE), someone(2))
        picture = grey(77, 320, 240)
        shown = ViewPanel(face_views, ViewChoice((View(), View(40)))).beside(picture, result)
        assert shown.shape == (240, 320 + 2 * SIZE, 3)
        np.testing.assert_array_equal(shown[:, :320], 77)
        for row, one in enumerate(result.poses):
            for column, view in enumerate((View(), View(40))):
                part = shown[row * SIZE : (row + 1) * SIZE, 320 + column * SIZE : 320 + (column + 1) * SIZE]
                (wanted,) = face_views.of(result, one, [view])
                assert difference(part[20:], wanted.picture[20:]) == 0  # the ID stands in the upper corner

    def test_its_size_does_not_change_with_the_faces(self, photograph):
        panel = ViewPanel(FaceViews(SIZE), ViewChoice(None))
        sizes = {
            panel.beside(photograph, frame_of(photograph, *faces, index=index)).shape
            for index, faces in enumerate([(), (someone(yaw=0),), (someone(yaw=60), someone(2))])
        }
        assert len(sizes) == 1

    def test_a_face_that_is_not_seen_for_a_moment_keeps_its_last_view_dark(self, photograph):
        panel = ViewPanel(FaceViews(SIZE), ViewChoice())
        bright = panel.beside(photograph, frame_of(photograph, someone()))
        hidden = someone(yaw=40, state=TrackState.COASTING)
        dark = panel.beside(photograph, frame_of(np.zeros_like(photograph), hidden, index=1))
        np.testing.assert_array_equal(dark[20:SIZE, 320:], bright[20:SIZE, 320:] // 2)

    def test_small_pictures_get_small_views(self):
        shown = ViewPanel(FaceViews(SIZE), ViewChoice(None)).beside(grey(0, 64, 48), tracked(poses=[face()]))
        assert shown.shape[0] == 48
        assert shown.shape[1] <= 64 + 5 * 48

    def test_a_face_keeps_its_place_while_others_come_and_go(self):
        places = Places(2)
        assert places.update([3, 5]) == {3: 0, 5: 1}
        assert places.update([5]) == {5: 1}
        assert places.update([5, 9, 7]) == {5: 1, 7: 0}
        assert places.update([]) == {}

    def test_the_annotated_video_takes_it_in(self, photograph, tmp_path):
        panel = ViewPanel(FaceViews(SIZE), ViewChoice())
        with VideoSink(tmp_path / "out.mp4", StatedSource(), panel=panel) as sink:
            for index in range(3):
                sink.write(frame_of(photograph, someone(), index=index), photograph)
        assert {picture.shape for picture in pictures(tmp_path / "out.mp4")} == {(240, 320 + SIZE, 3)}


class TestWindowKeys:
    @pytest.fixture(autouse=True)
    def unhurried(self, monkeypatch):
        monkeypatch.setattr("tracker.sinks.window._SHORTEST_INTERVAL_S", 0.0)

    def widths_after(self, screen, photograph, keys, **options):
        panel = ViewPanel(FaceViews(SIZE), ViewChoice())
        with WindowSink(panel=panel, **options) as window:
            for index, key in enumerate([*keys, ""]):
                screen.keys += [ord(letter) for letter in key]
                window.write(frame_of(photograph, someone(), index=index), photograph)
        return [picture.shape[1] for picture in screen.shown], panel

    def test_v_shows_and_hides_the_views(self, screen, photograph):
        widths, _ = self.widths_after(screen, photograph, ["v", "v"])
        assert widths[0] == 320
        assert 320 + SIZE in widths
        assert widths[-1] == 320

    def test_numbers_choose_a_view_and_show_it(self, screen, photograph):
        widths, panel = self.widths_after(screen, photograph, ["3"])
        assert panel.choice == CHOICES["3"] == ViewChoice((View(40),))
        assert widths[-1] == 320 + SIZE

    def test_views_asked_for_are_shown_from_the_beginning(self, screen, photograph):
        widths, _ = self.widths_after(screen, photograph, [], panel_shown=True)
        assert widths == [320 + SIZE]


class TestFrontalVideo:
    def write(self, tmp_path, frames, **options):
        path = tmp_path / "front.mp4"
        views = FaceViews(SIZE)
        with FrontalVideoSink(path, StatedSource(), views, **options) as sink:
            for result in frames:
                sink.write(result, None)
        return pictures(path), views

    def view(self, photograph, one):
        result = frame_of(photograph, one)
        (view,) = FaceViews(SIZE).of(result, one, [View()])
        return view.picture

    def test_the_largest_face_is_shown_and_kept_until_another_is_clearly_larger(self, photograph, tmp_path):
        left, right = someone(1, 30, LEFT_PLACE, width=60), someone(2, width=50)
        sizes = [(60, 50), (60, 65), (60, 100)]
        frames = [
            frame_of(photograph, someone(1, 30, LEFT_PLACE, width=first), someone(2, width=second), index=index)
            for index, (first, second) in enumerate(sizes)
        ]
        shown, _ = self.write(tmp_path, frames)
        for picture, wanted in zip(shown, (left, left, right), strict=True):
            assert difference(picture, self.view(photograph, wanted)) < 6

    def test_a_track_is_shown_by_its_id(self, photograph, tmp_path):
        frames = [frame_of(photograph, someone(1, 30, LEFT_PLACE, width=90), someone(2))]
        shown, _ = self.write(tmp_path, frames, track=2)
        assert difference(shown[0], self.view(photograph, someone(2))) < 6

    def test_while_the_face_is_away_its_last_view_is_shown_dark(self, photograph, tmp_path):
        frames = [frame_of(photograph, someone()), frame_of(photograph, index=1), frame_of(photograph, index=2)]
        shown, _ = self.write(tmp_path, frames)
        assert len(shown) == 3
        assert shown[1].mean() == pytest.approx(shown[0].mean() / 3, rel=0.15)

    def test_a_track_that_never_comes_is_named_with_those_that_did(self, photograph, tmp_path, caplog):
        with caplog.at_level(logging.WARNING):
            shown, _ = self.write(tmp_path, [frame_of(photograph, someone(1), someone(4))], track=7)
        assert "track 7 never appeared; tracks seen: 1, 4" in caplog.text
        assert len(shown) == 1

    def test_all_faces_stand_in_a_grid(self, photograph, tmp_path):
        faces = someone(1, 30, LEFT_PLACE), someone(2)
        shown, _ = self.write(tmp_path, [frame_of(photograph, *faces)], track="all")
        assert shown[0].shape == (2 * SIZE, 3 * SIZE, 3)
        for column, one in enumerate(faces):
            part = shown[0][:SIZE, column * SIZE : (column + 1) * SIZE]
            assert difference(part, self.view(photograph, one)) < 6


class TestViewFolder:
    def write(self, folder, results, choice=ViewChoice((View(), View(-40, 10))), **options):  # noqa: B008
        with ViewFolderSink(folder, FaceViews(SIZE, is_sequence=False), choice, **options) as sink:
            for result in results:
                sink.write(result, None)

    def test_views_have_the_names_that_facepose_net_gave_them(self, photograph, tmp_path):
        self.write(tmp_path / "views", [frame_of(photograph, someone(), name="subject1_a")])
        found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg"))
        assert found == [
            "views/subject1_a/subject1_a_rendered_-40_10.jpg",
            "views/subject1_a/subject1_a_rendered_0.jpg",
        ]
        assert cv2.imread(str(tmp_path / found[1])).shape == (SIZE, SIZE, 3)

    def test_file_names_lose_their_extension_and_further_faces_are_numbered(self, photograph, tmp_path):
        faces = someone(1, width=40), someone(2, 30, LEFT_PLACE, width=80)
        self.write(tmp_path, [frame_of(photograph, *faces, name="a.b.JPG")], ViewChoice())
        found = {path.name: cv2.imread(str(path)) for path in tmp_path.rglob("*.jpg")}
        assert set(found) == {"a.b_rendered_0.jpg", "a.b_2_rendered_0.jpg"}

    @pytest.mark.parametrize("name", ["../../up", "a/b", "..", "c:d", ""])
    def test_no_name_leads_out_of_the_folder(self, photograph, tmp_path, name):
        inside = tmp_path / "inside"
        self.write(inside, [frame_of(photograph, someone(), name=name)], ViewChoice())
        assert len(list(inside.glob("*/*.jpg"))) == 1
        assert list(tmp_path.iterdir()) == [inside]

    def test_views_that_exist_are_replaced_only_if_asked(self, photograph, tmp_path):
        results = [frame_of(photograph, someone(), name="one")]
        self.write(tmp_path, results)
        with pytest.raises(SinkError, match="--overwrite"):
            self.write(tmp_path, results)
        self.write(tmp_path, results, overwrite=True)

    def test_two_pictures_of_one_name_are_told(self, photograph, tmp_path, caplog):
        results = [frame_of(photograph, someone(), name="one", index=index) for index in range(2)]
        with caplog.at_level(logging.WARNING):
            self.write(tmp_path, results, ViewChoice())
        assert "second picture of that name" in caplog.text

    def test_a_picture_without_a_face_is_told(self, photograph, tmp_path, caplog):
        with caplog.at_level(logging.WARNING):
            self.write(tmp_path, [frame_of(photograph, name="empty")])
        assert "empty: no face found" in caplog.text

    def test_folders_that_cannot_be_are_refused_at_once(self, tmp_path):
        (tmp_path / "file").write_text("")
        for folder in (tmp_path / "file", tmp_path / "missing" / "views"):
            with pytest.raises(SinkError):
                ViewFolderSink(folder, FaceViews(SIZE), ViewChoice())


def test_a_folder_of_views_is_refused_for_videos(tmp_path):
    with pytest.raises(UsageError, match="--frontal"):
        open_sinks(StatedSource(), window=False, views_dir=tmp_path / "views", face_views=FaceViews())


def test_views_alone_are_something_to_write(tmp_path):
    stills = StatedSource(is_sequence=False)
    (sink,) = open_sinks(stills, window=False, views_dir=tmp_path / "views", face_views=FaceViews())
    assert isinstance(sink, ViewFolderSink)
    (sink,) = open_sinks(StatedSource(), window=False, frontal=tmp_path / "front.mp4", face_views=FaceViews())
    assert isinstance(sink, FrontalVideoSink)
    with pytest.raises(SinkError, match="two outputs"):
        open_sinks(
            StatedSource(),
            window=False,
            frontal=tmp_path / "one.mp4",
            output=tmp_path / "one.mp4",
            face_views=FaceViews(),
        )


def test_views_are_made_ready_beside_the_callers_own_work(monkeypatch):
    done = Event()
    monkeypatch.setattr("tracker.face_views.prepare", lambda size: done.wait(60))
    monkeypatch.setattr("tracker.face_views._MOMENT_S", 0.0)
    views = FaceViews(SIZE)
    assert not views.make_ready()
    done.set()
    while not views.make_ready():
        pass
    assert views.make_ready()
