"""The optimiser: orthogonalised momentum for convolution kernels, AdamW for everything else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") replaces a matrix's momentum by the
nearest matrix with equal singular values, so that directions with small gradients learn as fast as those with large
ones. Keras' own Muon leaves kernels of convolutions, which are all this network has, to Adam.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any

_MOMENTUM = 0.95
_LEAST_INPUTS = 16  # kernels with fewer inputs to an output (the stem) are too narrow to have directions
_QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW whose kernels of full and 1x1 convolutions take orthogonalised steps, `ratio` times the learning rate long.

    The length is that of a step's singular values, enlarged for tall matrices by the root of their proportions. All
    other options are AdamW's.
    """

    def __init__(self, *args: Any, ratio: float = 10.0, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ratio = ratio

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        """One step of one variable."""
        shape = variable.shape
        if len(shape) != 4 or shape[3] == 1 or shape[0] * shape[1] * shape[2] < _LEAST_INPUTS:
            super().update_step(gradient, variable, learning_rate)
            return
        momentum = self._momentums[self._get_variable_index(variable)]
        self.assign(momentum, ops.add(ops.multiply(momentum, _MOMENTUM), gradient))
        ahead = ops.reshape(ops.add(gradient, ops.multiply(momentum, _MOMENTUM)), (-1, shape[3]))
        tall = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
        step = ops.multiply(ops.reshape(orthogonalised(ahead), shape), learning_rate * self.ratio * tall)
        self.assign_sub(variable, ops.cast(step, variable.dtype))


def orthogonalised(matrix: Tensor, rounds: int = 5) -> Tensor:
    """`matrix` (r, c) with all its singular values brought near 1 (within 0.7 to 1.2), singular vectors kept.

    A quintic Newton-Schulz iteration, with Jordan's coefficients.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = ops.divide(x, ops.norm(x) + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(rounds):
        square = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * square + c * ops.matmul(square, square), x)
    return ops.transpose(x) if tall else x
