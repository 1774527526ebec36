// SPDX-License-Identifier: Apache-2.0
import "./styles/font.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/chart.css";
import "./styles/pages.css";
import { render } from "preact";
import { live } from "./api/query";
import { App } from "./app";

// The server answers /models/flights with this page too: the address moves behind the hash.
if (location.pathname !== "/") {
  const hash = location.hash || `#${location.pathname}${location.search}`;
  history.replaceState(null, "", `/${hash}`);
}
live.start();
const root = document.getElementById("app");
if (root) render(<App />, root);
