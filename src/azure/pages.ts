import { AksMiError } from "../engine/errors.ts";

/** A list that goes on after this is a defect of the service, or a loop. */
const MAX_PAGES = 1_000;

/** A list as the SDK hands it out. */
interface PagedList<T> {
  byPage(): AsyncIterable<readonly T[]>;
}

/**
 * Reads a list of the SDK to its end, which follows each link to a next page, whatever it leads to.
 * @param what is asked for, as in `callSdk`
 * @throws AksMiError `AZURE_ERROR` for a list that never ends
 */
export async function readPages<T>(what: string, list: PagedList<T>): Promise<T[]> {
  const items: T[] = [];
  let count = 0;
  for await (const page of list.byPage()) {
    ensureEnds(what, count++);
    items.push(...page);
  }
  return items;
}

/**
 * A part of a list is never taken for the whole: what is missing in it would pass for not being there.
 * @param pages that have been read
 * @throws AksMiError `AZURE_ERROR` when these are so many that the list never ends
 */
export function ensureEnds(what: string, pages: number): void {
  if (pages < MAX_PAGES) return;
  throw new AksMiError(
    "AZURE_ERROR",
    `The answer to "${what}" has more than ${MAX_PAGES} pages, and is not read any further.`,
    "Check for a proxy that answers in Azure's place, then run the command again.",
  );
}
