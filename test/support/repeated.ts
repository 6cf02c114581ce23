/** What a list has more than once, each time but the first; empty where nothing was done twice. */
export function repeated<T>(items: readonly T[]): T[] {
  return items.filter((item, index) => items.indexOf(item) < index);
}

/** The requests that were sent more than once, as `PUT <path>`. */
export function sentTwice(requests: readonly { readonly method: string; readonly path: string }[]): string[] {
  return repeated(requests.map(({ method, path }) => `${method} ${path}`));
}
