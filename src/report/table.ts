/** What stands in a cell, before it is HTML or Markdown: plain text, or a part that each writes in its own way. */
export type Cell =
  | string
  | undefined
  | readonly Cell[]
  | { readonly code: string }
  /** A word that stands for a state or a risk. */
  | { readonly state: string }
  /** A moment or a length of time. */
  | { readonly time: string }
  /** A short name with the full id below it. */
  | { readonly name: string; readonly id: string }
  /** The condition under which a change is made. */
  | { readonly onlyIf: string }
  /** Words of this tool's own, in which nothing has to be escaped. */
  | { readonly label: string }
  /** A remark that only a page has room for: Markdown leaves it out. */
  | { readonly aside: string };

/** A table of a report, told once for HTML and Markdown. */
export interface Table {
  /** What it shows, above it on a page; Markdown has its heading only. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}
