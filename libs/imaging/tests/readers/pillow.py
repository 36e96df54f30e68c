"""Reads the files that are named and says what Pillow finds in them, a JSON object a line."""

import io
import json
import sys

from PIL import Image, ImageCms

for path in sys.argv[1:]:
    with Image.open(path) as image:
        image.load()
        profile = image.info.get("icc_profile")
        name = profile and ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
        corner = image.getpixel((0, 0))
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
        xmp = xmp.decode() if isinstance(xmp, bytes) else xmp
        print(json.dumps({
            "format": image.format,
            "size": image.size,
            "mode": image.mode,
            "profile": name,
            "srgb": image.info.get("srgb"),
            "corner": corner,
            "dpi": round(image.info["dpi"][0]) if "dpi" in image.info else None,
            "marked": "digitalsourcetype/trainedAlgorithmicMedia" in xmp,
        }))
