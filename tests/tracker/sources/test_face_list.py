from __future__ import annotations

from pathlib import Path

import pytest

from fpn.roi import Box
from tests.tracker.sources.material import HEADER, grey, levels, write_list, write_picture
from tracker.errors import EmptySourceError, ListError, SourceError
from tracker.sources import ListSource

GOOD = "subject1_a,one.png,108.2642,119.6774,170,179"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_picture(tmp_path / "one.png", grey(10))
    (tmp_path / "images").mkdir()
    write_picture(tmp_path / "images" / "two, too.png", grey(20))
    return tmp_path


def test_gives_each_line_as_a_frame_with_its_id_its_box_and_its_picture(folder: Path) -> None:
    path = write_list(folder / "list.csv", [GOOD, 'subject2_a,"images/two, too.png",-1.5,2,3,4.25'])
    with ListSource(path) as source:
        frames = list(source)
        assert not source.is_sequence
    assert [frame.name for frame in frames] == ["subject1_a", "subject2_a"]
    assert [frame.boxes for frame in frames] == [(Box(108.2642, 119.6774, 170, 179),), (Box(-1.5, 2, 3, 4.25),)]
    assert levels(frame.image for frame in frames) == [10, 20]


def test_pictures_are_found_beside_the_list_wherever_the_program_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_list(folder / "list.csv", [GOOD])
    monkeypatch.chdir(folder.parent)
    with ListSource(Path(folder.name) / "list.csv") as source:
        assert source.read() is not None


@pytest.mark.parametrize(
    "text",
    [
        'ID, FILE, FACE_X, FACE_Y, FACE_WIDTH, FACE_HEIGHT \nsubject1_a , "one.png", 1 ,2 , 3, 4 \n',
        "\ufeffID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\r\nsubject1_a,one.png,1,2,3,4\r\n",
        "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n\nsubject1_a,one.png,1,2,3,4\n\n",
        "id,file,face_x,face_y,face_width,face_height\nsubject1_a,one.png,1e0,2.0,+3,4",
        "FILE,ID,FACE_WIDTH,FACE_HEIGHT,FACE_X,FACE_Y,NOTE\none.png,subject1_a,3,4,1,2,smiles\n",
    ],
    ids=["spaces", "spreadsheet", "blank lines", "small letters", "other columns"],
)
def test_form_is_read_generously(folder: Path, text: str) -> None:
    path = folder / "list.csv"
    path.write_bytes(text.encode())
    with ListSource(path) as source:
        frame = source.read()
    assert frame is not None
    assert (frame.name, frame.boxes) == ("subject1_a", (Box(1, 2, 3, 4),))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("subject2_a,one.png,1,2,3", "5 fields where the header has 6"),
        ("subject2_a,one.png,1,2,3,4,5", "7 fields where the header has 6"),
        ("subject2_a;one.png;1;2;3;4", "separate them by commas"),
        (",one.png,1,2,3,4", "ID is empty"),
        ("subject2_a,,1,2,3,4", "FILE is empty"),
        ("subject2_a,one.png,left,2,3,4", "FACE_X is 'left', not a number"),
        ("subject2_a,one.png,1,,3,4", "FACE_Y is '', not a number"),
        ("subject2_a,one.png,1,2,nan,4", "FACE_WIDTH is 'nan', not a number"),
        ("subject2_a,one.png,1,2,3,inf", "FACE_HEIGHT is 'inf', not a number"),
        ("subject2_a,one.png,1,2,0,4", "width and height must be above 0"),
        ("subject2_a,one.png,1,2,3,-4", "width and height must be above 0"),
    ],
)
def test_a_malformed_line_is_an_error_that_names_it(folder: Path, line: str, complaint: str) -> None:
    path = write_list(folder / "list.csv", [GOOD, "", line, GOOD])
    with pytest.raises(ListError) as caught:
        ListSource(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 4: ")
    assert complaint in message
    assert "\n" not in message


def test_a_line_after_a_quoted_field_of_two_lines_is_named_as_editors_number_it(folder: Path) -> None:
    path = write_list(folder / "list.csv", ['"subject\n2",one.png,1,2,3,4', "subject3,one.png,1,2,3"])
    with pytest.raises(ListError, match="line 4: 5 fields"):
        ListSource(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{GOOD}\n", "line 1: no ID in the header"),
        ("ID,FILE,FACE_X,FACE_Y\nsubject1_a,one.png,1,2\n", "line 1: no FACE_WIDTH in the header"),
        (f"{HEADER.replace(',', ';')}\n", f"the list begins with the line {HEADER}"),
        (f"{HEADER}\n{GOOD}\nsubject2_\0a,one.png,1,2,3,4\n", "line 3: a zero byte"),
    ],
    ids=["no header", "too few columns", "semicolons", "a zero byte"],
)
def test_a_list_of_another_form_is_an_error_with_the_line(folder: Path, text: str, complaint: str) -> None:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ListError) as caught:
        ListSource(path)
    assert complaint in str(caught.value)


def test_a_list_in_another_encoding_is_an_error_with_the_line(folder: Path) -> None:
    path = folder / "list.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\nZoë,one.png,1,2,3,4\n".encode("latin-1"))
    with pytest.raises(ListError, match="line 3: not UTF-8 text"):
        ListSource(path)


def test_a_list_with_a_header_alone_is_an_error(folder: Path) -> None:
    with pytest.raises(EmptySourceError, match="lists no picture"):
        ListSource(write_list(folder / "list.csv", []))


def test_a_picture_that_cannot_be_read_is_named_counted_and_passed_over(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    lines = ["a,missing.png,1,2,3,4", GOOD, "b,broken.jpg,1,2,3,4", GOOD]
    with ListSource(write_list(folder / "list.csv", lines)) as source:
        frames = list(source)
        assert source.skipped == 2
    assert [frame.index for frame in frames] == [1, 3]
    assert "missing.png: no such file" in caplog.messages[0]
    assert "broken.jpg: not a picture" in caplog.messages[1]


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        ListSource(tmp_path / "list.csv")
