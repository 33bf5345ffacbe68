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
_STRANGE_FROM, _STRANGE_TO = np.float32(0.3), np.float32(0.6)
"""The same, of hair that hangs into the face, from the face's skin in the same light ..."""
_DARKEST, _BRIGHTEST = np.float32(0.6), np.float32(1.5)
"""... which is between these limits, over that on the face as a whole."""
_ALIKE = np.float32(0.1)
"""What a colour like the skin's says of hair all the same: there may be no other."""
_FRINGE_FROM, _FRINGE_TO = np.float32(0.2), np.float32(0.5)
"""Cosines from which on what hangs into the face is looked at, and fully."""
_ENOUGH = np.float32(2)
"""Where hair was seen on so many cells, colours like the skin's say nothing of it."""
_A_LITTLE, _A_LOT = np.float32(4), np.float32(7)
"""Cells of the fringe on which it must be seen to be believed at all, and fully: a shadow covers few."""
_FEW, _MANY = np.float32(0.2), np.float32(0.5)
"""Shares of hair on a temple, of what is seen of it, from which on the rest is hair, too, and surely."""
_GREY_LEVELS = np.float32(25)
"""Distances of colours much below this say nothing."""
_LEAST = np.float32(1e-4)
_0, _1, _QUARTER, _THIRD = np.float32(0), np.float32(1), np.float32(0.25), np.float32(1 / 3)


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
    colours: Picture,
    layers: Float32,
    tone: Float32,
    hair: Float32,
    mixed: Float32,
    strange: Float32,
    known: Float32,
    total: Float32,
) -> None:
    """Mix what is seen with what is seen of the mirror image: mixed and known (of skin), and total (4,), are set.

    tone: (h, w, 3) factors for the mirror image. hair: (h, w), where it stands. mixed: (h, w, 4), colours so far as
    they are seen, and how far that is. strange: (h, w), how far they are unlike those of the face. total: what is known
    of the whole head.
    """
    columns = colours.shape[1]
    for k in range(4):
        total[k] = _0
    face = np.zeros(4, np.float32)
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
                face[k] += colour * sure * skin
            mixed[i, j, 3] = share
            total[3] += sure * share
            known[i, j, 3] = sure * share * skin
            face[3] += sure * share * skin
    brightness, length = _LEAST, _LEAST
    for k in range(3):
        face[k] /= face[3] + _LEAST
        brightness += face[k] * _THIRD
        length += face[k] * face[k]
    for i in range(colours.shape[0]):
        for j in range(columns):
            along = distance = _0
            for k in range(3):
                along += mixed[i, j, k] * face[k]
            light = min(max(along / length, _DARKEST * mixed[i, j, 3]), _BRIGHTEST * mixed[i, j, 3])
            for k in range(3):
                apart = mixed[i, j, k] - face[k] * light
                distance += apart * apart
            strange[i, j] = ramp(
                np.sqrt(distance) / (brightness * light + _GREY_LEVELS * mixed[i, j, 3] + _LEAST),
                _STRANGE_FROM,
                _STRANGE_TO,
            )


@compiled
def show_hair(
    mixed: Float32,
    layers: Float32,
    behind: Float32,
    skin: Float32,
    strange: Float32,
    fringe: Float32,
    trusted: Float32,
    squarely: Float32,
    known: Float32,
) -> None:
    """What is known of hair: known, set.

    mixed, strange: see `show_skin`. behind, skin: (h, w, 3), colours of what is behind the head, and of skin. fringe:
    (h, w), where hair may hang into the face. trusted: (h, w), how far what is seen at a place is hair; squarely: the
    same where it is seen well.

    Hair that is seen aslant is mixed with what is behind the head; seen squarely, even the crown is no background.
    Where the hairline is higher than the model's, skin stands where hair should: other hair says more. Where it is
    lower, what is unlike the face's skin, and unlike what is behind the head, is hair.
    """
    told = hung = _0
    for i in range(mixed.shape[0]):
        for j in range(mixed.shape[1]):
            share, better = mixed[i, j, 3], layers[i, j, 3]
            from_skin = from_behind = brightness = _0
            for k in range(3):
                apart = mixed[i, j, k] - skin[i, j, k] * share
                from_skin += apart * apart
                apart = mixed[i, j, k] - behind[i, j, k] * share
                from_behind += apart * apart
                brightness += skin[i, j, k] * _THIRD
            unlike = ramp(np.sqrt(from_skin) / (brightness + _GREY_LEVELS), _UNLIKE_FROM, _UNLIKE_TO)
            in_front = ramp(np.sqrt(from_behind) / (brightness + _GREY_LEVELS), _UNLIKE_FROM, _UNLIKE_TO)
            trust = max(trusted[i, j], squarely[i, j] * limited(better, _CROWN_FROM, _CROWN_TO))
            trust *= limited(better, _HAIR_FROM, _HAIR_TO)
            hanging = fringe[i, j] * limited(better, _FRINGE_FROM, _FRINGE_TO) * strange[i, j] * in_front
            told += share * share * trust * unlike * in_front
            hung += share * share * hanging
            known[i, j, 0], known[i, j, 1], known[i, j, 2] = trust, unlike, hanging
    some = limited(hung, _A_LITTLE, _A_LOT)
    alike = _ALIKE * (_1 - limited(told + some * hung, _0, _ENOUGH))
    for i in range(mixed.shape[0]):
        for j in range(mixed.shape[1]):
            share = mixed[i, j, 3]
            trust, unlike, hanging = known[i, j, 0], known[i, j, 1], known[i, j, 2] * some
            sure = share * share * max(trust * (alike + (_1 - alike) * unlike), hanging)
            for k in range(3):
                known[i, j, k] = mixed[i, j, k] * sure
            known[i, j, 3] = share * sure


@compiled
def fill_in(
    colours: Picture,
    behind: Float32,
    layers: Float32,
    strange: Float32,
    skin: Float32,
    hair_tones: Float32,
    hair: Float32,
    temple: Float32,
    crown: Float32,
    tone: Float32,
    tones: Float32,
    doubt: Float32,
) -> None:
    """Tones of a `renderer.appearance.Appearance` from those of skin and hair, (h, w, 3): tones and doubt are set.

    behind: (h, w, 3), colours of what is behind the head. strange: see `show_skin`. hair, temple, crown: (h, w), where
    hair stands, where it may stand before that, and where heads may end below the model's. tone: (h, w, 3), factors for
    the mirror image.

    Where most of what is seen of a temple at some height is hair, the rest is, as far as the ear.
    """
    half = colours.shape[1] // 2
    hanging = np.empty(2, np.float32)
    for i in range(colours.shape[0]):
        for side in range(2):
            known = found = _0
            for j in range(side * half, (side + 1) * half):
                weight = temple[i, j] * limited(layers[i, j, 3], _FRINGE_FROM, _FRINGE_TO)
                known += weight
                found += weight * strange[i, j]
            hanging[side] = limited(found / (known + _LEAST), _FEW, _MANY)
        for j in range(colours.shape[1]):
            on_hair = hair[i, j] + temple[i, j] * hanging[j // half]
            from_fill = from_behind = _0
            for k in range(3):
                shown = np.float32(colours[i, j, k])
                fill = skin[i, j, k] + (hair_tones[i, j, k] - skin[i, j, k]) * on_hair
                from_fill += (shown - fill) * (shown - fill)
                from_behind += (shown - behind[i, j, k]) * (shown - behind[i, j, k])
                tones[i, j, k], tones[i, j, 3 + k] = fill, tone[i, j, k]
            of_fill, of_behind = np.sqrt(from_fill), np.sqrt(from_behind)
            nearer = (of_fill - of_behind) / (of_fill + of_behind + _GREY_LEVELS)
            doubt[i, j] = crown[i, j] * ramp(nearer, _BEHIND_FROM, _BEHIND_TO)
