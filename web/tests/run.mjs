// Runs the tests of what is no picture: `npm test`. Vite makes JavaScript of them, Node runs them.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { createServer } from "vite";

const here = new URL(".", import.meta.url);
const vite = await createServer({
  root: fileURLToPath(new URL("..", here)),
  configFile: false,
  appType: "custom",
  logLevel: "error",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, ws: false, watch: null },
});
for (const name of readdirSync(here).filter((one) => one.endsWith(".test.ts"))) {
  await vite.ssrLoadModule(`/tests/${name}`);
}
await vite.close();
