"""Reads the PDF files that are named and says what pypdf finds in them, a JSON object a line."""

import json
import sys

from pypdf import PdfReader

for path in sys.argv[1:]:
    reader = PdfReader(path, strict=True)
    page = reader.pages[0]
    picture = page["/Resources"]["/XObject"]["/Picture"]
    space = picture["/ColorSpace"]
    data = picture.get_data()
    intents = reader.trailer["/Root"].get("/OutputIntents", [])
    print(json.dumps({
        "pages": len(reader.pages),
        "size": [picture["/Width"], picture["/Height"]],
        "media": [float(side) for side in page.mediabox],
        "trim": [float(side) for side in page.trimbox],
        "inks": space[1].get_object()["/N"],
        "profile": len(space[1].get_object().get_data()),
        "intent": [intent.get_object()["/S"] for intent in intents],
        "samples": len(data),
        "corner": list(data[: space[1].get_object()["/N"]]),
        "marked": b"digitalsourcetype/trainedAlgorithmicMedia" in reader.trailer["/Root"]["/Metadata"].get_data(),
    }))
