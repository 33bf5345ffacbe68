"""Tones on the chart, from what a picture shows of it: those of a part and its mirror image, of skin and of hair.

All is on the chart at half its resolution, (h, w). What is `known` of colours comes as colours times weight, and
weight, (h, w, 4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import compiled
from renderer.loops.lookup import Float32
from renderer.loops.ramps import limited, ramp

Picture = npt.NDArray[np.uint8]

_HAIR_FROM, _HAIR_TO = np.float32(0.15), np.float32(0.6)
"""Cosines from which on hair is looked at for its tone, and fully."""
_CROWN_FROM, _CROWN_TO = np.float32(0.5), np.float32(0.8)
"""The same for the crown, above which many a photograph shows what is behind."""
_BEHIND_FROM, _BEHIND_TO = np.float32(0.25), np.float32(0.6)
"""From which difference on, of the distances of a colour from hair and from what is behind, over their sum, it is no
hair to begin with, and surely none."""
_UNLIKE_FROM, _UNLIKE_TO = np.float32(0.2), np.float32(0.6)
"""Distances of a colour from the skin's, over its brightness, from which on it is hair rather than skin, and surely."""
_ALIKE = np.float32(0.1)
"""What a colour like the skin's says of hair all the same: there may be no other."""
_GREY_LEVELS = np.float32(25)
"""Distances of colours much below this say nothing."""
_LEAST = np.float32(1e-4)
_0, _1, _4, _QUARTER, _THIRD = np.float32(0), np.float32(1), np.float32(4), np.float32(0.25), np.float32(1 / 3)


@compiled
def pool(weights: Float32, cosine: Float32, safe: Float32, layers: Float32) -> None:
    """Means over four cells of how the chart is seen: layers (h, w, 4), set.

    weights: (2 h, 2 w, 4) of a `renderer.appearance.Appearance`; cosine, safe: (2 h, 2 w) of a
    `renderer.appearance.Sight`. The layers are the shares of what is seen at a place itself and at its mirror image,
    how well both are seen, and how well the better of the two.
    """
    for i in range(layers.shape[0]):
        for j in range(layers.shape[1]):
            own = mirrored = both = better = _0
            for k in range(4):
                row, column = 2 * i + k // 2, 2 * j + k % 2
                opposite = cosine.shape[1] - 1 - column
                here, there = cosine[row, column] * safe[row, column], cosine[row, opposite] * safe[row, opposite]
                own += weights[row, column, 0]
                mirrored += weights[row, column, 1]
                both += here * there
                better += max(here, there)
            layers[i, j, 0], layers[i, j, 1] = own * _QUARTER, mirrored * _QUARTER
            layers[i, j, 2], layers[i, j, 3] = both * _QUARTER, better * _QUARTER


@compiled
def show_both(colours: Picture, layers: Float32, known: Float32) -> None:
    """What is known of colours of which the mirror image is seen, too, at half the resolution: known (h / 2, w / 2, 4),
    set.
    """
    for i in range(known.shape[0]):
        for j in range(known.shape[1]):
            for channel in range(4):
                known[i, j, channel] = _0
            for k in range(4):
                row, column = 2 * i + k // 2, 2 * j + k % 2
                mass = layers[row, column, 2] * layers[row, column, 2] * _QUARTER
                for channel in range(3):
                    known[i, j, channel] += np.float32(colours[row, column, channel]) * mass
                known[i, j, 3] += mass


@compiled
def show_skin(
    colours: Picture, layers: Float32, tone: Float32, hair: Float32, mixed: Float32, known: Float32, total: Float32
) -> None:
    """Mix what is seen with what is seen of the mirror image: mixed and known (of skin), and total (4,), are set.

    tone: (h, w, 3) factors for the mirror image. hair: (h, w), where it stands. mixed: (h, w, 4), colours so far as
    they are seen, and how far that is. total: what is known of the whole head.
    """
    columns = colours.shape[1]
    for k in range(4):
        total[k] = _0
    for i in range(colours.shape[0]):
        for j in range(columns):
            own, mirrored = layers[i, j, 0], layers[i, j, 1]
            share = own + mirrored
            sure = share * share
            skin = _1 - hair[i, j]
            for k in range(3):
                here, there = np.float32(colours[i, j, k]), np.float32(colours[i, columns - 1 - j, k])
                colour = here * own + there * tone[i, j, k] * mirrored
                mixed[i, j, k] = colour
                total[k] += colour * sure
                known[i, j, k] = colour * sure * skin
            mixed[i, j, 3] = share
            total[3] += sure * share
            known[i, j, 3] = sure * share * skin


@compiled
def show_hair(
    mixed: Float32, layers: Float32, skin: Float32, hair: Float32, trusted: Float32, squarely: Float32, known: Float32
) -> None:
    """What is known of hair: known, set.

    mixed: see `show_skin`. skin: (h, w, 3), its tones everywhere. trusted: (h, w), how far what is seen at a place is
    hair; squarely: the same where it is seen well.

    Hair that is seen aslant is mixed with what is behind the head; seen squarely, even the crown is no background.
    Where the hairline is higher than the model's, skin stands where hair should: other hair says more.
    """
    for i in range(mixed.shape[0]):
        for j in range(mixed.shape[1]):
            share, better = mixed[i, j, 3], layers[i, j, 3]
            distance = brightness = _0
            for k in range(3):
                apart = mixed[i, j, k] - skin[i, j, k] * share
                distance += apart * apart
                brightness += skin[i, j, k] * _THIRD
            unlike = np.sqrt(distance) / (brightness + _GREY_LEVELS)
            trust = max(trusted[i, j], squarely[i, j] * limited(better, _CROWN_FROM, _CROWN_TO))
            trust *= limited(better, _HAIR_FROM, _HAIR_TO)
            trust *= _ALIKE + (_1 - _ALIKE) * ramp(unlike, _UNLIKE_FROM, _UNLIKE_TO)
            sure = share * share * trust
            for k in range(3):
                known[i, j, k] = mixed[i, j, k] * sure
            known[i, j, 3] = share * sure


@compiled
def fill_in(
    colours: Picture,
    behind: Float32,
    skin: Float32,
    hair_tones: Float32,
    hair: Float32,
    crown: Float32,
    tone: Float32,
    tones: Float32,
    doubt: Float32,
) -> None:
    """Tones of a `renderer.appearance.Appearance` from those of skin and hair, (h, w, 3): tones and doubt are set.

    behind: (h, w, 3), colours of what is behind the head. hair, crown: (h, w), where hair stands, and where heads may
    end below the model's. tone: (h, w, 3), factors for the mirror image.
    """
    for i in range(colours.shape[0]):
        for j in range(colours.shape[1]):
            from_fill = from_behind = _0
            for k in range(3):
                shown = np.float32(colours[i, j, k])
                fill = skin[i, j, k] + (hair_tones[i, j, k] - skin[i, j, k]) * hair[i, j]
                from_fill += (shown - fill) * (shown - fill)
                from_behind += (shown - behind[i, j, k]) * (shown - behind[i, j, k])
                tones[i, j, k], tones[i, j, 3 + k] = fill, tone[i, j, k]
            of_fill, of_behind = np.sqrt(from_fill), np.sqrt(from_behind)
            nearer = (of_fill - of_behind) / (of_fill + of_behind + _GREY_LEVELS)
            doubt[i, j] = crown[i, j] * ramp(nearer, _BEHIND_FROM, _BEHIND_TO)


@compiled
def refine(known: Float32, colours: Float32) -> None:
    """Colours (h, w, 3) of a coarser average made those of a finer one, where that has something to say."""
    for i in range(known.shape[0]):
        for j in range(known.shape[1]):
            weight = known[i, j, 3]
            share = min(_4 * weight, _1)
            per_weight = share / max(weight, _LEAST)
            for k in range(3):
                colours[i, j, k] = colours[i, j, k] * (_1 - share) + known[i, j, k] * per_weight
