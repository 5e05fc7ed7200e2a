// Light and dark: by the system, unless the reader has chosen. public/theme.js sets the choice before the first paint.
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "tocsin.theme";

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** What the reader chose. */
export const theme = signal<Theme>(stored());
/** Counts the changes of what is seen: a canvas that was drawn in the old colours is drawn again. */
export const themeTurn = signal(0);

/** Go on to the next of: system, light, dark. */
export function nextTheme(): void {
  const order: Theme[] = ["system", "light", "dark"];
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? "system";
}

/** Keep the document in step with the choice. */
export function startTheme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = chosen;
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // Without storage the choice holds until the page is left.
    }
    themeTurn.value = themeTurn.peek() + 1;
  });
  systemIsDark.addEventListener("change", () => (themeTurn.value += 1));
}

/** Return a colour of the theme as `rgb(...)`, for what is drawn on a canvas. */
export function token(name: string): string {
  // A variable's own text may be `light-dark(...)`: only the browser knows which of the two holds.
  const probe = document.createElement("span");
  probe.style.setProperty("color", `var(${name})`);
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
