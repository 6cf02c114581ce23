/** Something that could not be looked at: never a pass. */
export interface NotAssessed {
  readonly check: string;
  readonly reason: string;
}

/** Something that was read, or why it could not be. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly reason: string };

/** Says that something was read. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** Says why something could not be read. */
export function unknown(reason: string): { readonly known: false; readonly reason: string } {
  return { known: false, reason };
}
