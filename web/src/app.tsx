// SPDX-License-Identifier: Apache-2.0
// The frame around every page and the list of pages.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { live, useGet } from "./api/query";
import type { Alert, List } from "./api/types";
import { AlertPage } from "./pages/alert";
import { AlertsPage } from "./pages/alerts";
import { ComparePage } from "./pages/compare";
import { EndpointPage } from "./pages/endpoint";
import { EndpointsPage } from "./pages/endpoints";
import { ExecutionPage } from "./pages/execution";
import { ExperimentPage } from "./pages/experiment";
import { ExperimentsPage } from "./pages/experiments";
import { ModelPage } from "./pages/model";
import { ModelsPage } from "./pages/models";
import { OverviewPage } from "./pages/overview";
import { PipelinesPage } from "./pages/pipelines";
import { RolloutPage } from "./pages/rollout";
import { RunPage } from "./pages/run";
import { VersionPage } from "./pages/version";
import { Empty } from "./parts/basics";
import { Icon, type IconName } from "./parts/icons";
import { match, type Place, usePlace } from "./router";

interface Page {
  pattern: string;
  title: (values: string[]) => string;
  show: (values: string[], place: Place) => ComponentChildren;
}

const kPages: Page[] = [
  { pattern: "/", title: () => "Overview", show: () => <OverviewPage /> },
  { pattern: "/experiments", title: () => "Experiments", show: () => <ExperimentsPage /> },
  {
    pattern: "/experiments/{}",
    title: () => "Runs",
    show: ([id], place) => <ExperimentPage key={id} id={id ?? ""} place={place} />,
  },
  {
    pattern: "/runs/{}",
    title: () => "Run",
    show: ([id], place) => <RunPage key={id} id={id ?? ""} place={place} />,
  },
  {
    // The link that MLflow's client prints at the end of a run.
    pattern: "/experiments/{}/runs/{}",
    title: () => "Run",
    show: ([, id], place) => <RunPage key={id} id={id ?? ""} place={place} />,
  },
  {
    pattern: "/compare",
    title: () => "Compare runs",
    show: (_, place) => <ComparePage place={place} />,
  },
  { pattern: "/models", title: () => "Registry", show: () => <ModelsPage /> },
  {
    pattern: "/models/{}",
    title: ([name]) => name ?? "",
    show: ([name]) => <ModelPage key={name} name={name ?? ""} />,
  },
  {
    pattern: "/models/{}/versions/{}",
    title: ([name, version]) => `${name} v${version}`,
    show: ([name, version]) => (
      <VersionPage key={`${name}/${version}`} name={name ?? ""} version={version ?? ""} />
    ),
  },
  { pattern: "/endpoints", title: () => "Endpoints", show: () => <EndpointsPage /> },
  {
    pattern: "/endpoints/{}",
    title: ([name]) => name ?? "",
    show: ([name], place) => <EndpointPage key={name} name={name ?? ""} place={place} />,
  },
  {
    pattern: "/rollouts/{}",
    title: () => "Rollout",
    show: ([id]) => <RolloutPage key={id} id={id ?? ""} />,
  },
  {
    pattern: "/pipelines",
    title: () => "Pipelines",
    show: (_, place) => <PipelinesPage place={place} />,
  },
  {
    pattern: "/executions/{}",
    title: () => "Execution",
    show: ([id], place) => <ExecutionPage key={id} id={id ?? ""} place={place} />,
  },
  { pattern: "/alerts", title: () => "Alerts", show: (_, place) => <AlertsPage place={place} /> },
  {
    pattern: "/alerts/{}",
    title: () => "Alert",
    show: ([id]) => <AlertPage key={id} id={id ?? ""} />,
  },
];

const kNav: { href: string; text: string; icon: IconName; under: string[] }[] = [
  { href: "#/", text: "Overview", icon: "overview", under: [] },
  {
    href: "#/experiments",
    text: "Experiments",
    icon: "experiments",
    under: ["/experiments", "/runs", "/compare"],
  },
  { href: "#/models", text: "Registry", icon: "models", under: ["/models"] },
  { href: "#/endpoints", text: "Endpoints", icon: "endpoints", under: ["/endpoints", "/rollouts"] },
  {
    href: "#/pipelines",
    text: "Pipelines",
    icon: "pipelines",
    under: ["/pipelines", "/executions"],
  },
  { href: "#/alerts", text: "Alerts", icon: "alerts", under: ["/alerts"] },
];

export function App() {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  let content: ComponentChildren = null;
  let title = "Not found";
  for (const page of kPages) {
    const values = match(page.pattern, place.path);
    if (!values) continue;
    content = page.show(values, place);
    title = page.title(values);
    break;
  }
  const first = useRef(true);
  useEffect(() => {
    document.title = title === "Overview" ? "Slipway" : `${title} · Slipway`;
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place.path]);
  const skip = () => main.current?.focus();
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skip}>
        Skip to content
      </button>
      <Side path={place.path} />
      <main class="main" id="main" tabIndex={-1} ref={main} aria-label={title}>
        <div class="page">{content ?? <NotFound path={place.path} />}</div>
      </main>
    </div>
  );
}

function NotFound({ path }: { path: string }) {
  return (
    <Empty icon="search" title="There is no such page">
      Nothing lives at <code>{path}</code>. <a href="#/">Go to the overview</a>.
    </Empty>
  );
}

function Side({ path }: { path: string }) {
  const alerts = useGet<List<Alert>>("/api/v1/alerts?state=open", { on: ["alert."] });
  const open = alerts.data?.items.length ?? 0;
  const current = (under: string[]) =>
    under.length === 0
      ? path === "/"
      : under.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return (
    <div class="side">
      <a class="brand" href="#/">
        <Logo />
        Slipway
      </a>
      <nav class="nav" aria-label="Pages">
        {kNav.map((item) => (
          <a
            key={item.href}
            href={item.href}
            aria-current={current(item.under) ? "page" : undefined}
          >
            <Icon name={item.icon} />
            {item.text}
            {item.text === "Alerts" && open > 0 && (
              <span class="count" title={`${open} open`}>
                {open}
                <span class="sr"> open</span>
              </span>
            )}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <LiveMark />
        <div class="row">
          <Themes />
          <Version />
        </div>
      </div>
    </div>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M6 22.500h20M9 18.500 21 10.500l4 1-2.500 5.500z"
        fill="none"
        stroke="var(--on-accent)"
        stroke-width="2.400"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

const kLiveText = {
  connecting: ["Connecting", "Waiting for the server's events"],
  live: ["Live", "The page follows the server's events"],
  disconnected: ["Disconnected", "No connection; what you see may be old. Trying again."],
} as const;

function LiveMark() {
  const [state, setState] = useState(live.state);
  useEffect(() => {
    setState(live.state);
    return live.onState(setState);
  }, []);
  const [text, title] = kLiveText[state];
  return (
    <span class={`live is-${state}`} role="status" title={title}>
      <i />
      {text}
    </span>
  );
}

function Version() {
  const { data } = useGet<{ version?: string }>("/version");
  return data?.version ? <span class="version faint small num push">{data.version}</span> : null;
}

type Theme = "light" | "system" | "dark";

function storedTheme(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

function Themes() {
  const [theme, setTheme] = useState<Theme>(storedTheme());
  const choose = (next: Theme) => {
    setTheme(next);
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem("slipway.theme");
      else localStorage.setItem("slipway.theme", next);
    } catch {
      // Storage may be forbidden; the choice lasts as long as the page then.
    }
  };
  const choices: [Theme, IconName, string][] = [
    ["light", "sun", "Light"],
    ["system", "system", "As the system"],
    ["dark", "moon", "Dark"],
  ];
  return (
    <fieldset class="themes" aria-label="Theme">
      {choices.map(([value, icon, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={theme === value}
          title={text}
          aria-label={text}
          onClick={() => choose(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </fieldset>
  );
}
