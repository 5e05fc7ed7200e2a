// The frame: the bar with navigation and status, the page of the present address, dialogs and keys that hold everywhere.
import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useRef, useState } from "preact/hooks";

import { get, tokenWanted } from "../api/client";
import { useResource } from "../api/resource";
import type { Status } from "../api/types";
import { Empty, Failed, Loading } from "../components/states";
import { ApiError } from "../api/client";
import { Icon } from "../components/icon";
import { PageHead } from "../components/panel";
import { Dot } from "../components/tag";
import { Toasts } from "../components/toast";
import { useShortcuts } from "../keyboard";
import { navigate, path } from "../router";
import { nextTheme, theme } from "../theme";
import { Help } from "./help";
import { type PageProps, ROUTES, routeOf } from "./routes";
import { TokenDialog } from "./token_dialog";

const STATUS_MS = 10_000;

/** The whole console. */
export function Shell() {
  const [helping, setHelping] = useState(false);
  const found = routeOf(path.value);
  const title = found?.route.title ?? "Not found";
  useEffect(() => {
    document.title = `${title} · Tocsin`;
  }, [title]);
  useShortcuts([
    ...ROUTES.map((route) => ({
      keys: `g ${route.letter}`,
      does: `Go to ${route.title}`,
      run: () => navigate(route.path),
    })),
    { keys: "/", does: "Search", run: () => document.querySelector<HTMLElement>("[data-search]")?.focus() },
    { keys: "t", does: "Theme: system, light, dark", run: nextTheme },
    { keys: "?", does: "This help", run: () => setHelping(true) },
  ]);
  return (
    <>
      <a class="skip" href="#page" onClick={skip}>
        Skip to the page
      </a>
      <Bar current={found?.route.path ?? ""} onHelp={() => setHelping(true)} />
      <main id="page" tabIndex={-1}>
        {found ? <Page key={found.route.path} {...found} /> : <NotFound />}
      </main>
      {helping ? <Help onClose={() => setHelping(false)} /> : null}
      {tokenWanted.value ? <TokenDialog /> : null}
      <Toasts />
    </>
  );
}

function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("page")?.focus();
}

function Bar({ current, onHelp }: { current: string; onHelp: () => void }) {
  return (
    <header class="bar">
      <a class="brand" href="/" aria-label="Tocsin">
        <Icon name="bell" size={20} />
        Tocsin
      </a>
      <nav class="nav" aria-label="Pages">
        {ROUTES.map((route) => (
          <a
            key={route.path}
            href={route.path}
            aria-current={route.path === current ? "page" : undefined}
            title={`${route.title} (g ${route.letter})`}
          >
            <Icon name={route.icon} />
            {route.title}
          </a>
        ))}
      </nav>
      <div class="bar-end">
        <Connection />
        <ThemeButton />
        <button type="button" class="button quiet icon" aria-label="Help" title="Keys (?)" onClick={onHelp}>
          <Icon name="help" />
        </button>
      </div>
    </header>
  );
}

const THEME_ICON = { system: "system", light: "sun", dark: "moon" } as const;

function ThemeButton() {
  const chosen = theme.value;
  return (
    <button
      type="button"
      class="button quiet icon"
      aria-label={`Theme: ${chosen}`}
      title={`Theme: ${chosen} (t)`}
      onClick={nextTheme}
    >
      <Icon name={THEME_ICON[chosen]} />
    </button>
  );
}

function Connection() {
  const status = useResource("status", (abort) => get<Status>("/api/status", {}, abort), {
    refresh: STATUS_MS,
  });
  const { state, text, detail } = connection(status.data, status.error);
  return (
    <span class="connection" title={detail} role="status">
      <Dot state={state} />
      <span class="connection-text">{text}</span>
    </span>
  );
}

function connection(
  status: Status | null,
  error: ApiError | null,
): { state: "good" | "bad" | "busy" | "off"; text: string; detail: string } {
  if (error) return { state: "bad", text: "Server away", detail: `${error.message} ${error.hint}` };
  if (!status) return { state: "busy", text: "Connecting", detail: "" };
  const { count: loaded, revision } = status.rules;
  const rules = loaded === null ? "rules not loaded yet" : `${loaded} rules, revision ${revision}`;
  const detail = `Tocsin ${status.version}\nresults in ${status.results}\n${rules}\n${status.kafka.detail}`;
  if (status.kafka.state === "away") return { state: "bad", text: "Kafka away", detail };
  if (status.kafka.state === "not_asked") return { state: "off", text: "Results only", detail };
  return { state: "good", text: status.topic, detail };
}

function Page({ route, rest }: { route: (typeof ROUTES)[number]; rest: string[] }) {
  const [page, setPage] = useState<{ component: ComponentType<PageProps> } | null>(null);
  const [failed, setFailed] = useState(false);
  const main = useRef(path.peek());
  useEffect(() => {
    route.load().then(
      (component) => setPage({ component }),
      () => setFailed(true),
    );
  }, [route]);
  useEffect(() => {
    // Who came by keyboard goes on from the page's beginning, not from the link.
    if (main.current !== path.peek()) document.getElementById("page")?.focus();
  }, []);
  const [broken] = useErrorBoundary();
  if (broken) {
    return (
      <>
        <PageHead title={route.title} />
        <Failed error={mistake(broken)} retry={() => window.location.reload()} />
      </>
    );
  }
  if (failed) {
    const error = new ApiError(
      0,
      "This page could not be loaded.",
      "The console was updated or is away: load anew.",
    );
    return <Failed error={error} retry={() => window.location.reload()} />;
  }
  if (!page) return <Loading />;
  const Component = page.component;
  return <Component rest={rest} />;
}

/** A page that fails to draw itself says so, and leaves the rest of the console alone. */
function mistake(thrown: unknown): ApiError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError(0, "This page failed: that is a mistake in the console.", why);
}

function NotFound() {
  return (
    <Empty title="There is no such page">
      <a href="/">Go to Live</a>
    </Empty>
  );
}
