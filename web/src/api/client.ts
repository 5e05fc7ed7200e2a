// The one door to the server: every question the pages ask goes through here, and so does every error.
import { signal } from "@preact/signals";

/** What the server, or the way to it, had to say against a question. */
export class ApiError extends Error {
  readonly status: number;
  readonly hint: string;

  constructor(status: number, message: string, hint = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.hint = hint;
  }
}

export type Scalar = string | number | boolean;
export type Query = Record<string, Scalar | readonly Scalar[] | null | undefined>;

/** True while the server wants a token that it has not been shown. */
export const tokenWanted = signal(false);

/** Return `path` with `query` behind it; empty values are left out, lists are repeated. */
export function url(path: string, query: Query = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") for (const one of value) pairs.append(name, String(one));
    else pairs.append(name, String(value));
  }
  const text = pairs.toString();
  return text ? `${path}?${text}` : path;
}

/** Ask for JSON. Throws ApiError; an aborted question throws the browser's AbortError. */
export async function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  return answer<T>(url(path, query), { signal: abort ?? null });
}

/** Send JSON and get JSON. Throws as `get` does. */
export async function post<T>(path: string, body: unknown, abort?: AbortSignal): Promise<T> {
  return answer<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: abort ?? null,
  });
}

/** Show the server a token; it remembers this browser by a cookie that scripts cannot read. */
export async function showToken(token: string): Promise<void> {
  await answer<unknown>(url("/api/status", { token }), {});
  tokenWanted.value = false;
}

async function answer<T>(address: string, init: RequestInit): Promise<T> {
  const response = await ask(address, init);
  if (response.status === 401) tokenWanted.value = true;
  if (!response.ok) throw await complaint(response);
  return (await response.json()) as T;
}

async function ask(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { credentials: "same-origin", ...init });
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError") throw failure;
    throw new ApiError(0, "The console's server does not answer.", "Is `tocsin console` still running?");
  }
}

async function complaint(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: unknown; hint?: unknown };
    if (typeof body.error === "string") {
      return new ApiError(response.status, body.error, typeof body.hint === "string" ? body.hint : "");
    }
  } catch {
    // Not JSON: the status says all there is.
  }
  return new ApiError(response.status, `The server answered ${response.status}.`);
}
