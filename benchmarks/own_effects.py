"""How much people differ in what their expressions do to their poses, and what is left: fitted on their pictures.

A person's error goes with the expression by an effect of the person's own, which is linear (Laird and Ware 1982,
"Random-effects models for longitudinal data"), by a remainder that is alike for expressions that are and levels off as
they grow (a Gaussian process; Rasmussen and Williams 2006, chapters 2 and 5), by noise from picture to picture, and by
a constant of which nothing is known. All variances are those under which the errors are likeliest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.expression import ALIKE

Float = npt.NDArray[np.float64]

LEVELS_OFF = 0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 3.0
"""What is tried for `Leakage.levels_off`."""
_ROUNDS, _LAST_ROUNDS = 12, 30
_CONSTANT = 100.0  # variance of a person's constant error over that of the others: as good as unknown
_LEAST = 1e-8  # a variance, of radians and of the distance's logarithm


@dataclass(frozen=True)
class OwnEffects:
    """As the fields of `tracker.leakage.Leakage` of these names."""

    spread: Float
    remainder: Float
    levels_off: float


@dataclass
class _Model:
    """Of errors (people, m): what is known of expressions (people, m, n), and the variances of the parts."""

    expressions: Float
    errors: Float
    alike: Float
    spread: Float
    remainder: float
    noise: float

    @classmethod
    def start(cls, expressions: Float, errors: Float, alike: Float) -> _Model:
        """With all parts alike large."""
        each = float(np.var(errors, axis=1).mean()) / 3 + _LEAST
        count = expressions.shape[-1]
        return cls(expressions, errors, alike, each / count * np.eye(count), each, each)

    def improve(self, rounds: int) -> _Model:
        """By expectation maximisation (Dempster et al. 1977)."""
        transposed, people = self.expressions.transpose(0, 2, 1), len(self.errors)
        freedom = self.errors.shape[1] - 1  # one goes with the constant
        for _ in range(rounds):
            inverse = np.linalg.inv(self._covariance())
            solved = np.einsum("pij,pj->pi", inverse, self.errors)
            own = np.einsum("ij,pjm,pm->pi", self.spread, transposed, solved)
            gain = transposed @ inverse @ self.expressions
            unknown = self.spread - self.spread @ gain @ self.spread
            self.spread = own.T @ own / people + unknown.mean(0) + _LEAST * np.eye(len(self.spread))
            said = np.einsum("pi,pij,pj->", solved, self.alike, solved) - np.einsum("pij,pji->", inverse, self.alike)
            self.remainder = max(self.remainder + self.remainder**2 * float(said) / people / freedom, _LEAST)
            said = np.sum(solved**2) - np.einsum("pii->", inverse)
            self.noise = max(self.noise + self.noise**2 * float(said) / people / (freedom + 1), _LEAST)
        return self

    def likelihood(self) -> float:
        """Logarithm of the errors' probability density, without its constants."""
        root = np.linalg.cholesky(self._covariance())
        white = np.linalg.solve(root, self.errors[..., np.newaxis])
        return float(-0.5 * np.sum(white**2) - np.sum(np.log(np.einsum("pii->pi", root))))

    def _covariance(self) -> Float:
        count = self.errors.shape[1]
        constant = _CONSTANT * float(np.var(self.errors, axis=1).mean()) + _LEAST
        own = self.expressions @ self.spread @ self.expressions.transpose(0, 2, 1)
        return np.asarray(own + self.remainder * self.alike + self.noise * np.eye(count) + constant)


def fit_own_effects(expressions: Float, errors: Float) -> OwnEffects:
    """Of changes (people, m, n) from each person's resting face, and of errors (people, m, k) without the mean effect.

    Errors may have any constant.
    The remainder is that of an expression of usual size, noise from picture to picture included.
    """
    changing = errors - errors.mean(axis=1, keepdims=True)

    def models(levels_off: float) -> list[_Model]:
        alike = _alike(expressions, levels_off)
        return [
            _Model.start(expressions, changing[..., axis], alike).improve(_ROUNDS) for axis in range(errors.shape[-1])
        ]

    tried = {levels_off: models(levels_off) for levels_off in LEVELS_OFF}
    levels_off, best = max(tried.items(), key=lambda each: sum(model.likelihood() for model in each[1]))
    best = [model.improve(_LAST_ROUNDS) for model in best]
    remainder = np.sqrt([model.remainder + model.noise for model in best])
    return OwnEffects(np.array([model.spread for model in best]), remainder, levels_off)


def _alike(expressions: Float, levels_off: float) -> Float:
    """Covariance (people, m, m) of what is left of expressions, 1 being the variance of one of usual size."""
    count = expressions.shape[-1]
    size = np.linalg.norm(expressions, axis=-1) / np.sqrt(count)
    left = size * np.sqrt((1 + levels_off**-2) / (1 + (size / levels_off) ** 2))
    apart = np.sum((expressions[:, :, np.newaxis] - expressions[:, np.newaxis]) ** 2, axis=-1)
    return np.asarray(left[:, :, np.newaxis] * left[:, np.newaxis] * np.exp(-apart / (2 * count * ALIKE**2)))
