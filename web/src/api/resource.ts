// A question to the server as a hook: its answer, its error, and the old answer while the new one is awaited.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import type { ApiError } from "./client";

export interface Resource<T> {
  /** The last answer; it stays while another is awaited. */
  data: T | null;
  error: ApiError | null;
  /** True while an answer is awaited, the first one or a newer one. */
  loading: boolean;
  reload: () => void;
}

interface Options {
  /** Ask again each so many milliseconds, while the page is looked at. */
  refresh?: number;
}

/**
 * Ask when `key` changes; `null` asks nothing. An answer that comes after the key has changed is dropped.
 *
 * @param key names what is asked, for instance its address.
 * @param load asks; it is given a signal that is aborted when nobody waits any more.
 */
export function useResource<T>(
  key: string | null,
  load: (abort: AbortSignal) => Promise<T>,
  { refresh = 0 }: Options = {},
): Resource<T> {
  const [state, setState] = useState<{ data: T | null; error: ApiError | null; loading: boolean }>({
    data: null,
    error: null,
    loading: key !== null,
  });
  const [turn, setTurn] = useState(0);
  const loader = useRef(load);
  loader.current = load;

  useEffect(() => {
    if (key === null) {
      setState({ data: null, error: null, loading: false });
      return;
    }
    const abort = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    loader.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, error: null, loading: false });
      },
      (error: ApiError) => {
        if (!abort.signal.aborted) setState((old) => ({ ...old, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, turn]);

  const reload = useCallback(() => setTurn((count) => count + 1), []);
  useEffect(() => {
    if (!refresh || key === null) return;
    const timer = setInterval(() => document.hidden || reload(), refresh);
    return () => clearInterval(timer);
  }, [refresh, key, reload]);

  return { ...state, reload };
}
