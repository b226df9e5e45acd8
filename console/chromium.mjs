// Unpacks the lock's Chromium into TMPDIR, with the libraries that it needs, and prints its path.
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";

// The package brings its libraries only where it believes to be in the runtime that it was made for.
process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs24.x";
mkdirSync(tmpdir(), { recursive: true });
const { default: chromium } = await import("@sparticuz/chromium");
console.log(await chromium.executablePath());
