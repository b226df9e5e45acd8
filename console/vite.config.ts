import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The first browsers with `light-dark()`; older ones are told so by nothing worse than plain colours. */
const BROWSERS = ["chrome123", "edge123", "firefox120", "safari17.5"];

/** The gateway's certificate is of its own authority. Its cookie counts for the origin that the browser sees. */
const proxy = {
  "/v1": { target: process.env.SMELT_URL ?? "https://127.0.0.1:8443", secure: false, changeOrigin: false },
};

/** What gateway/console.py says of the pages, so that a violation shows here as it would there. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { host: "localhost", proxy },
  // Serves the build itself, so that a change is seen without starting the gateway again.
  preview: { host: "localhost", proxy, headers: { "content-security-policy": POLICY } },
  build: {
    assetsDir: "console",
    // The gateway reads in it which names carry a digest.
    manifest: true,
    // The policy of the pages allows no `data:` and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    cssTarget: BROWSERS,
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: "tanstack", test: /node_modules\/@tanstack\// },
          ],
        },
      },
    },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
