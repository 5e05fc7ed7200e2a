// The pages, where they are, and the keys that go there.
import type { ComponentType } from "preact";

import type { IconName } from "../components/icon";

/** A page is given the parts of the path behind its own: /detections/ab12 gives ["ab12"]. */
export interface PageProps {
  rest: readonly string[];
}

export interface Route {
  path: string;
  title: string;
  icon: IconName;
  /** `g` and this letter go there. */
  letter: string;
  load: () => Promise<ComponentType<PageProps>>;
}

export const ROUTES: readonly Route[] = [
  {
    path: "/",
    title: "Live",
    icon: "live",
    letter: "l",
    load: async () => (await import("../pages/live")).LivePage,
  },
  {
    path: "/detections",
    title: "Detections",
    icon: "detections",
    letter: "d",
    load: async () => (await import("../pages/detections")).DetectionsPage,
  },
  {
    path: "/attack",
    title: "ATT&CK",
    icon: "attack",
    letter: "a",
    load: async () => (await import("../pages/attack")).AttackPage,
  },
  {
    path: "/events",
    title: "Events",
    icon: "events",
    letter: "e",
    load: async () => (await import("../pages/events")).EventsPage,
  },
  {
    path: "/rules",
    title: "Rules",
    icon: "rules",
    letter: "r",
    load: async () => (await import("../pages/rules")).RulesPage,
  },
  {
    path: "/pipeline",
    title: "Pipeline",
    icon: "pipeline",
    letter: "p",
    load: async () => (await import("../pages/pipeline")).PipelinePage,
  },
];

/** Return the page of a path and what of the path is its own business; nothing where there is no such page. */
export function routeOf(path: string): { route: Route; rest: string[] } | null {
  const [first = "", ...rest] = path.split("/").filter(Boolean);
  const route = ROUTES.find((one) => one.path === `/${first}`);
  return route ? { route, rest: rest.map(decoded) } : null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
