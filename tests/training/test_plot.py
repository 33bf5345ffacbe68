import json

import cv2
import numpy as np
import pytest

from training.__main__ import main
from training.plot import read_course


def write_run(folder, log):
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps({"steps_per_epoch": 250, "batch_size": 64}))
    (folder / "log.csv").write_text(log)
    return folder


LOG = """epoch,minutes,loss,aflw_mean,aflw_median
1,1.6,0.9,12.5,10.0
2,3.1,0.7,11.0,9.0
2,1.5,0.6,10.5,8.5
3,3.0,0.5,10.0,8.0
"""


def test_an_epoch_repeated_after_a_resumption_counts_once(tmp_path):
    course = read_course(write_run(tmp_path / "a", LOG))
    np.testing.assert_array_equal(course.samples, [16000, 32000, 48000])
    np.testing.assert_array_equal(course.loss, [0.9, 0.6, 0.5])
    assert set(course.errors) == {"aflw_mean", "aflw_median"}
    np.testing.assert_array_equal(course.errors["aflw_median"], [10.0, 8.5, 8.0])


def test_runs_are_drawn_into_one_picture(tmp_path, capsys):
    first, second = write_run(tmp_path / "a", LOG), write_run(tmp_path / "b", LOG.replace("aflw", "biwi"))
    assert main(["plot", "--run", str(first)]) == 0
    assert main(["plot", "--run", str(first), str(second), "--out", str(tmp_path / "plots" / "both.png")]) == 0
    alone, both = cv2.imread(str(first / "plot.png")), cv2.imread(str(tmp_path / "plots" / "both.png"))
    assert alone.shape == both.shape
    assert (alone != both).any()
    assert "both.png" in capsys.readouterr().out


@pytest.mark.parametrize("log", ["", "epoch,minutes,loss\n", "epoch,loss\n1,high\n", "minutes\n1\n"])
def test_a_run_without_a_readable_log_is_named(tmp_path, log, capsys):
    run = write_run(tmp_path / "a", log)
    with pytest.raises(SystemExit):
        main(["plot", "--run", str(run)])
    assert str(run) in capsys.readouterr().err
