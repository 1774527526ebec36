// SPDX-License-Identifier: Apache-2.0
// A step's output, followed while it is written. Text only: what a step prints is never markup.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, toError } from "../api/client";
import { Trouble } from "./basics";

const kKeep = 400_000; // characters; a browser stays quick with that

// The last `limit` characters, cut at a line.
export function keepTail(text: string, limit = kKeep): string {
  if (text.length <= limit) return text;
  const cut = text.indexOf("\n", text.length - limit);
  return cut < 0 ? text.slice(-limit) : text.slice(cut + 1);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals understand
const kEscapes = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function LogTail({
  execution,
  step,
  index,
  attempt,
  running,
}: {
  execution: string;
  step: string;
  index: number | null;
  attempt: number;
  running: boolean;
}) {
  const [text, setText] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [cut, setCut] = useState(false);
  const [follow, setFollow] = useState(true);
  const [loaded, setLoaded] = useState(false);
  const box = useRef<HTMLPreElement>(null);
  const alive = useRef(running);
  alive.current = running;

  useEffect(() => {
    const control = new AbortController();
    const decoder = new TextDecoder();
    let offset = 0;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const more = async () => {
      let wait = 1000;
      const wasAlive = alive.current;
      try {
        const response = await fetch(
          address("/executions/{}/logs/{}", [execution, step], { index, attempt, offset }),
          { signal: control.signal },
        );
        if (!response.ok) throw await toError(response);
        const bytes = new Uint8Array(await response.arrayBuffer());
        offset += bytes.byteLength;
        const piece = decoder.decode(bytes, { stream: true }).replace(kEscapes, "");
        if (piece) {
          setText((was) => {
            const all = was + piece;
            if (all.length > kKeep) setCut(true);
            return keepTail(all);
          });
        }
        if (bytes.byteLength >= 65_536) wait = 0;
        setError(null);
        setLoaded(true);
        if (!wasAlive && bytes.byteLength === 0) return;
      } catch (cause) {
        if (control.signal.aborted) return;
        setError(cause as Error);
        wait = 3000;
        if (!wasAlive) return;
      }
      timer = setTimeout(more, wait);
    };
    void more();
    return () => {
      control.abort();
      if (timer) clearTimeout(timer);
    };
  }, [execution, step, index, attempt]);

  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, follow]);
  const scrolled = () => {
    const at = box.current;
    if (at) setFollow(at.scrollHeight - at.scrollTop - at.clientHeight < 30);
  };
  return (
    <div class="log">
      {error && <Trouble error={error} />}
      {cut && (
        <p class="small faint log-note">Only the end is shown; `slipway logs` prints all of it.</p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre ref={box} tabIndex={0} onScroll={scrolled} role="log" aria-label={`Output of ${step}`}>
        {text || <span class="faint">{loaded ? "No output." : "Loading…"}</span>}
      </pre>
      {running && (
        <label class="row small muted log-follow">
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> Follow
        </label>
      )}
    </div>
  );
}
