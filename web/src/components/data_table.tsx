// A table of rows from the server: paged, walked by keyboard, on a narrow screen a list of cards.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { count } from "../format";
import { useShortcuts } from "../keyboard";
import { Icon } from "./icon";

export interface Column<Row> {
  key: string;
  title: string;
  render: (row: Row) => ComponentChildren;
  /** Numbers stand at the right. */
  number?: boolean;
  /** No wider than what is in it. */
  tight?: boolean;
  /** Takes the room that is left, and cuts what does not fit. */
  grow?: boolean;
  /** Given, the head is a button that sorts by this key: only where the server can. */
  sort?: boolean;
  /** On a narrow screen: a line of its own, beside others (the default), with its title before it, or left out. */
  narrow?: "wide" | "beside" | "labelled" | "hidden";
}

export interface Sorting {
  key: string;
  descending: boolean;
  onSort: (key: string, descending: boolean) => void;
}

interface Props<Row> {
  /** What the table is, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Enter, or a click, on a row. */
  onOpen?: (row: Row) => void;
  /** The row that is open now. */
  openKey?: string | null;
  sorting?: Sorting;
  /** Paler while newer rows are awaited. */
  stale?: boolean;
}

/**
 * Rows and columns. With `onOpen`: j, k and the arrows walk, Enter opens.
 * While a row is open (`openKey`), walking opens the next one.
 */
export function DataTable<Row>(props: Props<Row>) {
  const { label, columns, rows, rowKey, onOpen, openKey = null, sorting, stale = false } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const [at, setAt] = useState(-1);
  const opened = openKey === null ? -1 : rows.findIndex((row) => rowKey(row) === openKey);
  useEffect(() => {
    if (opened >= 0) setAt(opened);
  }, [opened]);
  const wasOpen = useRef(false);
  useEffect(() => {
    // Who has walked on while a row was open goes on from where they are, not from where they began.
    if (wasOpen.current && openKey === null) requestAnimationFrame(() => body.current?.rows[at]?.focus());
    wasOpen.current = openKey !== null;
  }, [openKey]);

  const walk = (step: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, at + step));
    const row = rows[next];
    if (!row) return;
    setAt(next);
    if (openKey !== null) onOpen?.(row);
    else body.current?.rows[next]?.focus();
    body.current?.rows[next]?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts(
    onOpen
      ? [
          { keys: "j", does: "Next row", run: () => walk(1) },
          { keys: "k", does: "Previous row", run: () => walk(-1) },
        ]
      : [],
  );
  const onKey = (event: KeyboardEvent, row: Row) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === "ArrowDown") walk(1);
    else if (event.key === "ArrowUp") walk(-1);
    else if (event.key === "Enter") onOpen?.(row);
    else return;
    event.preventDefault();
  };

  return (
    <div class={stale ? "table-scroll stale" : "table-scroll"} tabIndex={onOpen ? undefined : 0}>
      <table class={onOpen ? "table cards opens" : "table cards"} role="grid" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <Head key={column.key} column={column} sorting={sorting} />
            ))}
          </tr>
        </thead>
        <tbody ref={body} role="rowgroup">
          {rows.map((row, index) => (
            <tr
              key={rowKey(row)}
              role="row"
              tabIndex={onOpen ? (index === Math.max(at, 0) ? 0 : -1) : undefined}
              aria-selected={onOpen ? rowKey(row) === openKey : undefined}
              onFocus={() => setAt(index)}
              onKeyDown={(event) => onKey(event, row)}
              onClick={(event) => opens(event) && onOpen?.(row)}
            >
              {columns.map((column) => (
                <Cell key={column.key} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A click on a link, a button or while text is being marked is no click on the row. */
function opens(event: MouseEvent): boolean {
  if ((event.target as Element).closest("a, button, input, label")) return false;
  return !window.getSelection()?.toString();
}

function Head<Row>({ column, sorting }: { column: Column<Row>; sorting: Sorting | undefined }) {
  const classes = names(column.number && "number", column.tight && "tight");
  if (!column.sort || !sorting) {
    return (
      <th role="columnheader" class={classes} scope="col">
        {column.title}
      </th>
    );
  }
  const mine = sorting.key === column.key;
  const order = mine ? (sorting.descending ? "descending" : "ascending") : "none";
  return (
    <th role="columnheader" class={classes} scope="col" aria-sort={order}>
      <button type="button" onClick={() => sorting.onSort(column.key, mine ? !sorting.descending : true)}>
        {column.title}
        {mine ? <Icon name={sorting.descending ? "down" : "up"} size={12} /> : null}
      </button>
    </th>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  const narrow = column.narrow ?? "beside";
  return (
    <td
      role="gridcell"
      class={names(
        column.number && "number",
        column.tight && "tight",
        column.grow && "grow",
        narrow === "wide" && "wide",
        narrow === "hidden" && "wide-only",
      )}
      data-label={narrow === "labelled" ? column.title : undefined}
    >
      {column.render(row)}
    </td>
  );
}

function names(...classes: (string | false | undefined)[]): string | undefined {
  return classes.filter(Boolean).join(" ") || undefined;
}

/** The cursors of the pages that were seen, so that one can go back where the server only goes on. */
export interface Paging {
  cursor: string | null;
  page: number;
  forward: (next: string) => void;
  back: () => void;
}

/** Page through a list by the server's cursors; begins anew when `key` (the filters) changes. */
export function usePaging(key: string): Paging {
  const [state, setState] = useState<{ key: string; cursors: string[] }>({ key, cursors: [] });
  const cursors = state.key === key ? state.cursors : [];
  return {
    cursor: cursors.at(-1) ?? null,
    page: cursors.length + 1,
    forward: (next) => setState({ key, cursors: [...cursors, next] }),
    back: () => setState({ key, cursors: cursors.slice(0, -1) }),
  };
}

/** Below a table: how much there is, and the ways to the next and the previous page. */
export function Pager({
  paging,
  next,
  shown,
  total,
  exact = true,
}: {
  paging: Paging;
  next: string | null;
  shown: number;
  total?: number | null;
  exact?: boolean;
}) {
  const of = total === null || total === undefined ? "" : ` of ${exact ? "" : "at least "}${count(total)}`;
  return (
    <div class="table-foot">
      <span>
        {count(shown)} shown{of}
        {paging.page > 1 ? `, page ${paging.page}` : ""}
      </span>
      <span class="end">
        <button type="button" class="button" disabled={paging.page === 1} onClick={paging.back}>
          <Icon name="left" size={12} /> Back
        </button>
        <button
          type="button"
          class="button"
          disabled={next === null}
          onClick={() => next !== null && paging.forward(next)}
        >
          Next <Icon name="right" size={12} />
        </button>
      </span>
    </div>
  );
}
