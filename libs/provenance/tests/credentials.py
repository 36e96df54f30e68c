"""Reads the Content Credentials of the files that are named with the C2PA project's own library, a JSON object a line."""

import json
import sys

import c2pa

for path in sys.argv[1:]:
    with c2pa.Reader(path) as reader:
        store = json.loads(reader.json())
    manifest = store["manifests"][store["active_manifest"]]
    actions = [a for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")]
    print(json.dumps({
        "state": store["validation_state"],
        "faults": sorted({status["code"] for status in store.get("validation_status", [])}),
        "title": manifest.get("title"),
        "generator": manifest["claim_generator_info"][0]["name"],
        "issuer": manifest["signature_info"].get("issuer"),
        "source": actions[0]["data"]["actions"][0].get("digitalSourceType"),
    }))
