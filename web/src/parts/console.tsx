// SPDX-License-Identifier: Apache-2.0
// What a run printed, followed while it runs. Text only: what a run prints is never markup.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, toError } from "../api/client";
import type { ConsoleLine, ConsolePage } from "../api/types";
import { Card, Empty, Trouble } from "./basics";

const kKeep = 5_000; // lines; a browser stays quick with that

export function Console({ run }: { run: string }) {
  const [lines, setLines] = useState<ConsoleLine[]>([]);
  const [loaded, setLoaded] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLPreElement>(null);

  useEffect(() => {
    const control = new AbortController();
    let from = -kKeep;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const more = async () => {
      let wait = 1000;
      try {
        const response = await fetch(address("/runs/{}/console", [run], { from, limit: 5000 }), {
          signal: control.signal,
        });
        if (!response.ok) throw await toError(response);
        const page = (await response.json()) as ConsolePage;
        from = page.next;
        if (page.items.length > 0) setLines((was) => [...was, ...page.items].slice(-kKeep));
        setError(null);
        setLoaded(true);
        if (page.next < page.total) wait = 0;
        else if (page.ended) return;
      } catch (cause) {
        if (control.signal.aborted) return;
        setError(cause as Error);
        wait = 3000;
      }
      timer = setTimeout(more, wait);
    };
    void more();
    return () => {
      control.abort();
      if (timer) clearTimeout(timer);
    };
  }, [run]);

  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follow]);
  const scrolled = () => {
    const at = box.current;
    if (at) setFollow(at.scrollHeight - at.scrollTop - at.clientHeight < 30);
  };
  if (loaded && lines.length === 0) {
    return (
      <Card>
        <Empty icon="file" title="No output" command="with slipway.console(): train()">
          What the run prints is kept here when it asks for it.
        </Empty>
      </Card>
    );
  }
  return (
    <Card>
      {error && <Trouble error={error} />}
      <div class="log">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <pre ref={box} tabIndex={0} onScroll={scrolled} role="log" aria-label="Output">
          {lines.map((line) => (
            <span key={line.line} class={line.stream === "stderr" ? "warn" : undefined}>
              {`${line.text}\n`}
            </span>
          ))}
        </pre>
      </div>
    </Card>
  );
}
