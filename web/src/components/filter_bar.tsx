// What a page is filtered by. It lives in the address, so that a link shows the same to somebody else.
import { useEffect, useRef, useState } from "preact/hooks";

import { search, setSearch } from "../router";
import { EventText } from "./event_text";
import { Icon } from "./icon";

/** A search field that is bound to a parameter of the address; `/` goes to it. */
export function SearchField({
  name = "q",
  label,
  placeholder,
}: {
  name?: string;
  label: string;
  placeholder?: string;
}) {
  const value = search.value.get(name) ?? "";
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    // The address was changed by somebody else: a link, or the browser's buttons.
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      setSearch({ [name]: text });
    }, 250);
    return () => clearTimeout(timer);
  }, [text, name]);
  return (
    <div class="search">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        data-search
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

export interface FilterField {
  /** The parameter, in the address and for the server. */
  name: string;
  label: string;
  /** What can be chosen; without, it is only filled by links and shown as a chip. */
  options?: readonly { value: string; label: string }[];
  /** Several values at once. */
  many?: boolean;
}

/** Fields to choose from, and a chip for each value that was chosen. */
export function FilterBar({ fields, searchLabel }: { fields: readonly FilterField[]; searchLabel?: string }) {
  const query = search.value;
  const chosen = fields.flatMap((field) => query.getAll(field.name).map((value) => ({ field, value })));
  return (
    <div class="filters" role="search">
      {searchLabel ? <SearchField label={searchLabel} /> : null}
      {fields.map((field) => (field.options ? <Choice key={field.name} field={field} /> : null))}
      {chosen.map(({ field, value }) => (
        <Chip key={`${field.name} ${value}`} field={field} value={value} />
      ))}
      {chosen.length > 1 ? (
        <button
          type="button"
          class="button quiet"
          onClick={() => setSearch(Object.fromEntries(fields.map((field) => [field.name, null])))}
        >
          Clear all
        </button>
      ) : null}
    </div>
  );
}

function Choice({ field }: { field: FilterField }) {
  const present = search.value.getAll(field.name);
  const open = (field.options ?? []).filter((option) => !present.includes(option.value));
  return (
    <select
      class="input"
      aria-label={`Filter by ${field.label.toLowerCase()}`}
      value=""
      onChange={(event) => {
        const value = event.currentTarget.value;
        event.currentTarget.value = "";
        if (value) setSearch({ [field.name]: field.many ? [...present, value] : [value] }, { push: true });
      }}
    >
      <option value="">{field.label}</option>
      {open.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

function Chip({ field, value }: { field: FilterField; value: string }) {
  const label = field.options?.find((option) => option.value === value)?.label ?? value;
  const rest = search.value.getAll(field.name).filter((one) => one !== value);
  return (
    <span class="chip">
      <span>{field.label}:</span>
      <EventText value={label} oneLine />
      <button
        type="button"
        aria-label={`Remove ${field.label}: ${label}`}
        onClick={() => setSearch({ [field.name]: rest }, { push: true })}
      >
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

/** One of a few, side by side. */
export function Choices<Value extends string>({
  label,
  value,
  options,
  onChoose,
}: {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChoose: (value: Value) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          type="button"
          key={option.value}
          aria-pressed={option.value === value}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
