// The address bar as state: which page, and what it is filtered by. Every link within the console stays within it.
import { computed, signal } from "@preact/signals";

interface Place {
  path: string;
  search: string;
}

const here = (): Place => ({ path: window.location.pathname, search: window.location.search });

const place = signal<Place>(here());

/** The path, for instance `/detections/ab12`. */
export const path = computed(() => place.value.path);
/** The query, as parameters. A copy: change it by `setSearch`. */
export const search = computed(() => new URLSearchParams(place.value.search));

/** Go to an address within the console. */
export function navigate(to: string, { replace = false } = {}): void {
  if (to === window.location.pathname + window.location.search) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  const before = place.value.path;
  place.value = here();
  if (place.value.path.split("/")[1] !== before.split("/")[1]) window.scrollTo(0, 0);
}

/** What a parameter of the query becomes; null and empty take it away. */
export type Change = Record<string, string | readonly string[] | null | undefined>;

/** Return `path` with the present query, changed. */
export function withSearch(change: Change, to = path.value): string {
  const next = new URLSearchParams(place.value.search);
  for (const [name, value] of Object.entries(change)) {
    next.delete(name);
    const values = typeof value === "string" ? [value] : (value ?? []);
    for (const one of values) if (one !== "") next.append(name, one);
  }
  const text = next.toString();
  return text ? `${to}?${text}` : to;
}

/** Change the query of the present page. Replaces the entry of the history unless told to push. */
export function setSearch(change: Change, { push = false } = {}): void {
  navigate(withSearch(change), { replace: !push });
}

/** Listen to the browser's buttons and to clicks on links; a token in the address is taken out of it. */
export function startRouter(): void {
  const asked = new URLSearchParams(window.location.search);
  if (asked.has("token")) {
    asked.delete("token");
    const rest = asked.toString();
    history.replaceState(null, "", window.location.pathname + (rest ? `?${rest}` : ""));
  }
  place.value = here();
  window.addEventListener("popstate", () => (place.value = here()));
  document.addEventListener("click", follow);
}

function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
  if (link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}
