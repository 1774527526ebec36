// SPDX-License-Identifier: Apache-2.0
// A real Chromium for the tests: every page is watched for errors, and nothing outside the server
// under test may be asked for.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const kFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function browserPath() {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error("no Chromium: apt-get install chromium, or set CHROMIUM to its path");
  return found;
}

export function launch() {
  return chromium.launch({ executablePath: browserPath(), args: kFlags });
}

// A page of its own profile; `page.troubles` collects what went wrong on it.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.troubles = [];
  page.alarms = 0;
  page.on("pageerror", (error) => page.troubles.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") page.troubles.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    page.alarms += 1;
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) {
      page.troubles.push(`foreign host: ${request.url()}`);
    }
  });
  page.show = async (hash) => {
    await page.goto(`${url}/${hash}`);
    await page.waitForSelector(".page h1, .page .empty");
    await page.waitForFunction(() => !document.querySelector(".page [aria-label=Loading]"));
  };
  return page;
}

export async function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
}
