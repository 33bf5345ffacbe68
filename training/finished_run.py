"""What a training run left behind: its plan and its averaged weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fpn.network import build_network


def read_plan(run: Path) -> dict[str, Any]:
    """The fields of `training.train.Plan`. Raises FileNotFoundError if the folder holds no run."""
    plan: dict[str, Any] = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    return plan


def read_run(run: Path) -> tuple[Any, dict[str, Any]]:
    """The network with its averaged weights, and the plan."""
    plan = read_plan(run)
    model = build_network(plan["backbone"], plan["input_size"])
    model.load_weights(run / "ema.weights.h5")
    return model, plan
