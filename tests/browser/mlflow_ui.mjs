// SPDX-License-Identifier: Apache-2.0
// MLflow's own compiled page in front of our server: files come from the installed wheel, everything
// else goes through to the server under test.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";

const kTypes = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

// The folder of the compiled page; nothing when no mlflow with a page is installed.
export function bundle() {
  const own = new URL("../../.venv/clients/bin/python", import.meta.url).pathname;
  const places = [process.env.MLFLOW_PYTHON, own, "python3"];
  const code =
    "import importlib.util as u;print(u.find_spec('mlflow').submodule_search_locations[0])";
  for (const python of places.filter(Boolean)) {
    const found = spawnSync(python, ["-c", code], { encoding: "utf8" });
    const folder = found.status === 0 ? join(found.stdout.trim(), "server/js/build") : "";
    if (folder && existsSync(join(folder, "index.html"))) return folder;
  }
  return undefined;
}

function send(folder, path, response) {
  const file = normalize(join(folder, path));
  if (!file.startsWith(folder) || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": kTypes[extname(file)] ?? "application/octet-stream" });
  response.end(readFileSync(file));
}

// Serves on a free port; `answers` collects every call that went to the server.
export async function serve(folder, target) {
  const answers = [];
  let asked = 0;
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, response) => {
    const path = new URL(incoming.url, target).pathname;
    if (path === "/") return send(folder, "index.html", response);
    if (path.startsWith("/static-files/")) return send(folder, path.slice(14), response);
    const { method, url, headers } = incoming;
    asked += 1;
    const through = request({ hostname, port, method, path: url, headers }, (answer) => {
      answers.push({ method, url, status: answer.statusCode });
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    through.on("error", () => response.destroy());
    incoming.pipe(through);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    answers,
    // Every call is answered, and none followed for a moment.
    async settled() {
      for (let before = -1; before !== asked || answers.length < asked; ) {
        before = asked;
        await new Promise((later) => setTimeout(later, 400));
      }
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
