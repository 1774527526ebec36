// SPDX-License-Identifier: Apache-2.0
// The server's events: one connection a page, reconnected with back-off, and a state to show.
//
// Read with fetch and not with EventSource: that hides heart-beats, so a connection that died
// without a word would look alive, and it must be told every event type beforehand.
import type { ServerEvent } from "./types";

export type LiveState = "connecting" | "live" | "disconnected";

// The server sends at least a comment every 15 s; silence for longer than this is a dead line.
const kSilenceMs = 40_000;

// Delay before the nth new attempt (0-based): 0.5 s doubled up to 15 s, less up to a quarter at
// random so that many pages do not return in step.
export function backoff(attempt: number, random = Math.random()): number {
  return Math.min(15_000, 500 * 2 ** attempt) * (1 - random / 4);
}

// Takes text as it arrives, in any pieces, and hands out the data of each complete event.
export class EventParser {
  private rest = "";
  private data: string[] = [];

  constructor(private readonly handle: (data: string) => void) {}

  push(text: string): void {
    this.rest += text;
    for (;;) {
      const found = /\r\n|\n|\r(?=[^\n])/.exec(this.rest);
      if (!found) break;
      const line = this.rest.slice(0, found.index);
      this.rest = this.rest.slice(found.index + found[0].length);
      this.line(line);
    }
  }

  private line(line: string): void {
    if (line === "") {
      if (this.data.length > 0) this.handle(this.data.join("\n"));
      this.data = [];
    } else if (line.startsWith("data:")) {
      this.data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}

export class Live {
  state: LiveState = "connecting";
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<(event: ServerEvent) => void>();
  private readonly watchers = new Set<(state: LiveState, reconnected: boolean) => void>();

  constructor(private readonly url: string) {}

  start(): void {
    void this.connect();
    // A laptop that wakes up should not wait for the back-off.
    window.addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.retryNow();
    });
  }

  onEvent(listener: (event: ServerEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onState(watcher: (state: LiveState, reconnected: boolean) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private retryNow(): void {
    if (this.retry === null) return;
    clearTimeout(this.retry);
    this.retry = null;
    void this.connect();
  }

  private set(state: LiveState): void {
    if (state === this.state) return;
    const reconnected = state === "live" && this.state === "disconnected";
    this.state = state;
    for (const watcher of this.watchers) watcher(state, reconnected);
  }

  private hand(data: string): void {
    let event: ServerEvent;
    try {
      event = JSON.parse(data) as ServerEvent;
    } catch {
      return; // one unreadable event must not end the connection
    }
    if (typeof event?.type !== "string") return;
    for (const listener of this.listeners) listener(event);
  }

  private async connect(): Promise<void> {
    const control = new AbortController();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => control.abort(), kSilenceMs);
    };
    try {
      heard();
      const response = await fetch(this.url, {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: control.signal,
      });
      if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
      this.attempt = 0;
      this.set("live");
      const parser = new EventParser((data) => this.hand(data));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        parser.push(value);
      }
    } catch {
      // Refused, cut off or silent: all the same to who looks at the page.
    }
    clearTimeout(silence);
    this.set("disconnected");
    this.retry = setTimeout(
      () => {
        this.retry = null;
        void this.connect();
      },
      backoff(this.attempt++),
    );
  }
}
