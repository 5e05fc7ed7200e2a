// Builds the console's front end into the Python package, and serves it while it is being written.
import { defineConfig } from "vite";

import { mock } from "./mock/server.ts";

// With TOCSIN_CONSOLE=http://127.0.0.1:8600 `npm run dev` asks a running console; without, the made-up answers of mock/.
const backend = process.env["TOCSIN_CONSOLE"];

export default defineConfig({
  plugins: backend ? [] : [mock()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    host: "127.0.0.1",
    // Another origin may not post to it: what is asked from here is asked as from there.
    proxy: backend ? { "/api": { target: backend, changeOrigin: true, headers: { origin: backend } } } : {},
  },
  build: {
    outDir: "dist", // hatch_build.py moves it into the Python package
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy wants files, not data URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
