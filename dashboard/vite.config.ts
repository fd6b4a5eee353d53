import { defineConfig, loadEnv } from "vite";

const here = (path: string) => new URL(path, import.meta.url).pathname;

/** Where the server is while one develops (`npm run dev`). */
const server = loadEnv("", ".", "LAYERS_").LAYERS_BASE_URL ?? "http://127.0.0.1:8787";

export default defineConfig({
  base: "/dashboard/",
  resolve: {
    // The SDK's sources, so that it need not be built first.
    alias: {
      "@layers/sdk": here("../sdks/typescript/src/index.ts"),
      "#runtime": here("../sdks/typescript/src/runtime.web.ts"),
    },
  },
  build: {
    outDir: here("../src/layers/dashboard/static"),
    emptyOutDir: true,
    target: "es2023",
    // The server lets the page load files of its own and nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/v1", "/dashboard/session", "/sandbox", "/openapi.json"].map((path) => [path, server])),
  },
});
