"""The peer of `bench cutout`: rembg with U²-Netp or U²-Net, alone and with closed-form matting after it (pymatting).

Reads `set.json` in a folder. Writes `NETWORK/NAME.png`, the network's own matte, and `NETWORK_matting/NAME.png`, the
cut-out after matting, below it; prints the median seconds of each. U2NET_HOME names the folder of the weights.
"""

import argparse
import json
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "cutout"))
from progress import counted  # noqa: E402


class Told:
    """A session that answers with a matte which is known, so that the network is asked once a picture."""

    def __init__(self, matte):
        self.matte = matte

    def predict(self, *_, **__):
        return [self.matte]


def begin(network, alone):
    """Loads a network in this process; one core each unless it is alone."""
    import onnxruntime
    from rembg import new_session

    global session
    # pymatting prints its warnings where our answer goes.
    sys.stdout = open(os.devnull, "w")
    options = onnxruntime.SessionOptions()
    if not alone:
        options.intra_op_num_threads = 1
    session = new_session(network, sess_opts=options)


def cut(image):
    """The network's matte and the cut-out after matting, and the seconds of both."""
    from rembg import remove

    start = time.perf_counter()
    matte = remove(image, session=session, only_mask=True)
    middle = time.perf_counter()
    cutout = remove(image, session=Told(matte), alpha_matting=True)
    end = time.perf_counter()
    return matte, cutout, middle - start, end - start


def work(job):
    """Cuts one picture and writes what came."""
    picture, matte_file, cutout_file = job
    matte, cutout, alone, both = cut(Image.open(picture).convert("RGB"))
    matte.save(matte_file)
    cutout.save(cutout_file, compress_level=1)
    return alone, both


def all_of(out, rows, network):
    """Every picture by one network, on all cores."""
    folders = [out / network, out / f"{network}_matting"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    jobs = [(out / row["picture"], *(folder / f"{row['name']}.png" for folder in folders)) for row in rows]
    # The large ones first: the last to end would be alone.
    jobs.sort(key=lambda job: -job[0].stat().st_size)
    with ProcessPoolExecutor(os.cpu_count(), initializer=begin, initargs=(network, False)) as pool:
        ended = as_completed([pool.submit(work, job) for job in jobs])
        return [one.result() for one in counted(f"rembg {network}", ended, len(jobs))]


def timed(picture, network):
    """Seconds of one picture, with nothing beside it; a small copy goes first, so that all is loaded and compiled."""
    begin(network, True)
    image = Image.open(picture).convert("RGB")
    cut(image.reduce(6))
    return cut(image)[2:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder that holds set.json")
    parser.add_argument("--timed", type=Path, required=True, help="a photograph to measure seconds with")
    parser.add_argument("networks", nargs="+")
    args = parser.parse_args()
    rows = json.loads((args.out / "set.json").read_text())
    told = {}
    for network in args.networks:
        seconds = all_of(args.out, rows, network)
        told[network], told[f"{network}_matting"] = (
            {"median_seconds": statistics.median(each)} for each in zip(*seconds)
        )
        with ProcessPoolExecutor(1) as pool:
            alone, both = pool.submit(timed, args.timed, network).result()
        told[network]["seconds_2mp"], told[f"{network}_matting"]["seconds_2mp"] = alone, both
    print(json.dumps(told))


if __name__ == "__main__":
    main()
