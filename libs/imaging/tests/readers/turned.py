"""Writes an AVIF for every EXIF orientation into the folder that is named: red top left, blue at the bottom once it is upright."""

import json
import sys

from PIL import Image

upright = Image.new("RGB", (48, 32), (255, 255, 255))
upright.paste((255, 0, 0), (0, 0, 24, 16))
upright.paste((0, 0, 255), (0, 16, 48, 32))
# What has to be done to the upright picture so that the orientation brings it back.
INVERSE = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
for orientation, inverse in INVERSE.items():
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = f"{sys.argv[1]}/{orientation}.avif"
    (upright if inverse is None else upright.transpose(inverse)).save(path, exif=exif, quality=95)
    print(json.dumps(path))
