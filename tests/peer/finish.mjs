// The peer of `bench finish`: sharp (libvips) makes the same sizes and formats from the same render. Reads an order a
// line, answers with a line.
import { createInterface } from "node:readline";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const sharp = createRequire(process.env.CAVENDISH_PEER_NODE_MODULES + "/..")("sharp");

async function make(source, { width, height, format, quality, full, progressive }, file) {
  let picture = sharp(source).resize(width, height, { fit: "cover" });
  if (format === "jpeg") {
    picture = picture.jpeg({ quality, progressive, optimiseCoding: progressive, chromaSubsampling: full ? "4:4:4" : "4:2:0" });
  } else if (format === "webp") {
    picture = picture.webp({ quality });
  } else {
    picture = picture.png();
  }
  const bytes = await picture.toBuffer();
  if (file) await writeFile(file, bytes);
  return bytes.length;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { source, outputs, files } = JSON.parse(line);
  const began = performance.now();
  const bytes = await Promise.all(outputs.map((output, at) => make(source, output, files?.[at])));
  const seconds = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ bytes, seconds, peak_mib: process.resourceUsage().maxRSS / 1024 }));
}
