// SPDX-License-Identifier: Apache-2.0
// The small things pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import type { Answer } from "../api/query";
import { ago, moment } from "../format";
import { Icon, type IconName } from "./icons";

export type Tone = "good" | "warn" | "bad" | "accent" | "plain";

export function Badge({
  tone = "plain",
  icon,
  title,
  children,
  outline,
}: {
  tone?: Tone;
  icon?: IconName;
  title?: string;
  children: ComponentChildren;
  outline?: boolean;
}) {
  return (
    <span class={`badge ${tone === "plain" ? "" : tone}${outline ? " outline" : ""}`} title={title}>
      {icon && <Icon name={icon} />}
      <span class="clip">{children}</span>
    </span>
  );
}

const kTones: Record<string, Tone> = {
  finished: "good",
  succeeded: "good",
  promoted: "good",
  ready: "good",
  closed: "plain",
  cached: "plain",
  skipped: "plain",
  running: "accent",
  loading: "accent",
  acknowledged: "warn",
  paused: "warn",
  approval: "warn",
  aborted: "warn",
  cancelled: "warn",
  killed: "warn",
  open: "bad",
  failed: "bad",
  timed_out: "bad",
  rolled_back: "bad",
};

export function toneOf(state: string): Tone {
  return kTones[state] ?? "plain";
}

const kIcons: Partial<Record<Tone, IconName>> = { good: "check", bad: "cross", warn: "warning" };

// A state in words with a shape of its own, so that it does not depend on colour.
export function State({ state }: { state: string }) {
  const tone = toneOf(state);
  return (
    <Badge tone={tone} icon={kIcons[tone]}>
      {state.replace(/_/g, " ")}
    </Badge>
  );
}

export function Stage({ stage }: { stage: string }) {
  if (!stage || stage.toLowerCase() === "none") return null;
  const tone: Tone =
    ({ production: "good", staging: "accent" }[stage.toLowerCase()] as Tone | undefined) ?? "plain";
  return <Badge tone={tone}>{stage.toLowerCase()}</Badge>;
}

// Re-renders now and then so that "3 min ago" stays true.
export function useNow(everyMs = 10_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  return (
    <time dateTime={at ?? undefined} title={at ? `${moment(at)} (${at})` : undefined} class="num">
      {ago(at, now)}
    </time>
  );
}

export function Card({
  title,
  note,
  actions,
  children,
  class: extra = "",
  flush,
}: {
  title?: ComponentChildren;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
  flush?: boolean;
}) {
  return (
    <section class={`card ${extra}`}>
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {note && <span class="note">{note}</span>}
          {actions && <div class="row push wrap">{actions}</div>}
        </header>
      )}
      {flush ? children : <div class="body">{children}</div>}
    </section>
  );
}

export function Head({
  title,
  crumbs = [],
  sub,
  actions,
}: {
  title: ComponentChildren;
  crumbs?: { text: string; href: string }[];
  sub?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="head">
      <div class="col grow">
        {crumbs.length > 0 && (
          <nav class="crumbs" aria-label="Where you are">
            {crumbs.map((crumb) => (
              <span key={crumb.href}>
                <a href={crumb.href}>{crumb.text}</a> /
              </span>
            ))}
          </nav>
        )}
        <h1 tabIndex={-1}>{title}</h1>
        {sub && <div class="sub row wrap">{sub}</div>}
      </div>
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      // Not allowed here (plain HTTP on another host): the text can still be selected.
    }
  };
  return (
    <button
      type="button"
      class="copy"
      title={done ? "Copied" : label}
      aria-label={done ? "Copied" : `${label}: ${text}`}
      onClick={copy}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} label="Copy the command" />
    </div>
  );
}

export function Empty({
  icon,
  title,
  children,
  command,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  command?: string;
}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {command && <Command text={command} />}
    </div>
  );
}

export function Trouble({ error, retry }: { error: Error; retry?: () => void }) {
  const hint = error instanceof ApiError ? error.hint : "";
  const id = error instanceof ApiError ? error.requestId : "";
  return (
    <div class="trouble" role="alert">
      <Icon name="warning" />
      <div class="col grow">
        <strong>{error.message}</strong>
        {hint && <span class="muted">{hint}</span>}
        {id && <span class="small faint mono">request {id}</span>}
      </div>
      {retry && (
        <button type="button" class="btn small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div
      class="col"
      role="status"
      aria-label="Loading"
      style={{ gap: "12px", padding: "14px 16px" }}
    >
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class="skeleton" style={{ width: `${92 - ((i * 17) % 45)}%` }} />
      ))}
    </div>
  );
}

// What a query has to say: its data; else why not, or that it loads.
export function Ready<T>({
  of,
  children,
  lines,
}: {
  of: Answer<T>;
  children: (data: T) => ComponentChildren;
  lines?: number;
}) {
  if (of.data !== null) {
    return (
      <>
        {of.error && <Trouble error={of.error} retry={of.refresh} />}
        {children(of.data)}
      </>
    );
  }
  if (of.error) return <Trouble error={of.error} retry={of.refresh} />;
  return <Loading lines={lines} />;
}

export function Stats({
  items,
}: {
  items: { name: string; value: ComponentChildren; note?: ComponentChildren; tone?: Tone }[];
}) {
  return (
    <dl class="stats">
      {items.map((item) => (
        <div class="stat" key={item.name}>
          <dt>{item.name}</dt>
          <dd class={item.tone ?? ""}>
            {item.value} {item.note && <small>{item.note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <>
          <dt key={`${name}-t`}>{name}</dt>
          <dd key={`${name}-d`}>{value}</dd>
        </>
      ))}
    </dl>
  );
}

export function Tabs({
  label,
  tabs,
  current,
  href,
}: {
  label: string;
  tabs: { id: string; text: string; count?: number | string | null }[];
  current: string;
  href: (id: string) => string;
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.id} href={href(tab.id)} aria-current={tab.id === current ? "page" : undefined}>
          {tab.text}
          {tab.count !== undefined && tab.count !== null && <span class="count">{tab.count}</span>}
        </a>
      ))}
    </nav>
  );
}

// The same for a list that comes page by page.
export function Pages<T>({
  of,
  children,
}: {
  of: { items: T[]; loaded: boolean; error: Error | null; refresh: () => void };
  children: (items: T[]) => ComponentChildren;
}) {
  return (
    <>
      {of.error && <Trouble error={of.error} retry={of.refresh} />}
      {of.loaded ? children(of.items) : !of.error && <Loading />}
    </>
  );
}
