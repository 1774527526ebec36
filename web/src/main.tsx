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

live.start();
const root = document.getElementById("app");
if (root) render(<App />, root);
