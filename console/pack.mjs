// Packs each built file once, at the best level; gzip's header carries no time, so that builds are the same.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUILT = new URL("./dist", import.meta.url).pathname;
const PACKED = /\.(html|js|css|svg)$/;

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

for (const path of files(BUILT).filter((path) => PACKED.test(path))) {
  const bytes = readFileSync(path);
  const twins = {
    ".br": brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    ".gz": gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }),
  };
  for (const [suffix, packed] of Object.entries(twins)) {
    if (packed.length < bytes.length) writeFileSync(path + suffix, packed);
  }
}
