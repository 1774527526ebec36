// SPDX-License-Identifier: Apache-2.0
// Builds one folder of static files (web/dist) that the binary embeds. No inline script or style, so
// a strict Content-Security-Policy holds; no source from another host.
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// The licences of what ends up in the bundle, as a file beside it.
function notices(): Plugin {
  const parts = ["preact", "@fontsource-variable/inter"];
  return {
    name: "slipway-notices",
    generateBundle() {
      const texts = parts.map((name) => {
        const text = readFileSync(new URL(`node_modules/${name}/LICENSE`, import.meta.url), "utf8");
        return `== ${name}\n\n${text.trim()}\n`;
      });
      this.emitFile({
        type: "asset",
        fileName: "third-party.txt",
        source: `Parts of the Slipway web UI made by others.\n\n${texts.join("\n\n")}`,
      });
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [notices()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      "/api": process.env.SLIPWAY_URL ?? "http://127.0.0.1:5800",
      "/version": process.env.SLIPWAY_URL ?? "http://127.0.0.1:5800",
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
} as Parameters<typeof defineConfig>[0]);
