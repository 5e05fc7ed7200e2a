// What a page shows while it has nothing to show: it waits, it failed and how to mend it, or there is nothing.
import type { ComponentChildren } from "preact";

import type { ApiError } from "../api/client";
import type { Resource } from "../api/resource";
import { Icon } from "./icon";

/** Nothing is there, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <strong>{title}</strong>
      {children ? <p>{children}</p> : null}
    </div>
  );
}

/** The first answer is awaited. */
export function Loading({ lines = 4, label = "Loading" }: { lines?: number; label?: string }) {
  const widths = ["92%", "78%", "85%", "64%", "71%"];
  return (
    <div class="panel-body stack" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <div class="skeleton" style={{ width: widths[index % widths.length] }} />
      ))}
    </div>
  );
}

/** A question failed: what, what to do, and a way to ask again. */
export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <div>
        <div>{error.message}</div>
        {error.hint ? <p>{error.hint}</p> : null}
      </div>
      {retry ? (
        <span class="end">
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        </span>
      ) : null}
    </div>
  );
}

/**
 * Show an answer, or what there is instead. An old answer stays, paler, while a newer one is awaited; when that fails,
 * the error stands above it.
 */
export function Answer<T>({
  of,
  lines,
  children,
}: {
  of: Resource<T>;
  lines?: number;
  children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      {of.error && !of.loading ? <Failed error={of.error} retry={of.reload} /> : null}
      {of.data !== null ? children(of.data) : of.error ? null : <Loading lines={lines} />}
    </>
  );
}
