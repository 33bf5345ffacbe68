"""Network weights and face models as data, and the code that finds and checks them."""

from models.errors import CalibrationError, DeviceError, FpnLiveError, WeightsError
from models.manifest import MODELS_FOLDER, PoseWeights, load_pose_weights

__all__ = [
    "MODELS_FOLDER",
    "CalibrationError",
    "DeviceError",
    "FpnLiveError",
    "PoseWeights",
    "WeightsError",
    "load_pose_weights",
]
