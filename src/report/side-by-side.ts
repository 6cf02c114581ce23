import { CLUSTERS_AT_ONCE } from "../plan/pace.ts";

/** A stretch of a cluster's migration, with the least and the most that it may take. */
export interface StretchRange {
  readonly minMs: number;
  readonly maxMs: number;
  /** True when time passes without work: another cluster may have the place meanwhile. */
  readonly idle: boolean;
}

interface Stretch extends Pick<StretchRange, "idle"> {
  readonly ms: number;
}

/** A cluster that asks for a place. */
interface Asking {
  readonly atMs: number;
  /** In the plan, for those who ask at the same moment. */
  readonly index: number;
  readonly rest: readonly Stretch[];
}

/** What `sideBySide` says of the least and of the most that each stretch may take. */
export function rangeSideBySide(clusters: readonly (readonly StretchRange[])[]): { minMs: number; maxMs: number } {
  const bounded = (bound: "minMs" | "maxMs") =>
    sideBySide(clusters.map((stretches) => stretches.map(({ idle, [bound]: ms }) => ({ idle, ms }))));
  return { minMs: bounded("minMs"), maxMs: bounded("maxMs") };
}

/**
 * How long clusters take of which only so many are worked on at once. Who has only to wait leaves its place to another, and
 * asks for one again afterwards; places go to who has asked first.
 * @param clusters each as its stretches, in order
 * @returns milliseconds until the last of them is done
 */
function sideBySide(clusters: readonly (readonly Stretch[])[]): number {
  const freeAt = Array<number>(CLUSTERS_AT_ONCE).fill(0);
  const queue: Asking[] = clusters.map((rest, index) => {
    const begins = rest.findIndex(({ idle }) => !idle);
    const before = rest.slice(0, begins < 0 ? undefined : begins);
    return { atMs: sum(before), index, rest: rest.slice(before.length) };
  });
  let end = 0;
  for (;;) {
    const next = queue.reduce<Asking | undefined>((best, one) => (best && isBefore(best, one) ? best : one), undefined);
    if (!next) return end;
    queue.splice(queue.indexOf(next), 1);
    const place = freeAt.indexOf(Math.min(...freeAt));
    const waits = next.rest.findIndex(({ idle, ms }) => idle && ms > 0);
    const work = next.rest.slice(0, waits < 0 ? undefined : waits).filter(({ idle }) => !idle);
    const leftAt = Math.max(next.atMs, freeAt[place]!) + sum(work);
    freeAt[place] = leftAt;
    const atMs = leftAt + (next.rest[waits]?.ms ?? 0);
    end = Math.max(end, atMs);
    if (waits >= 0) queue.push({ atMs, index: next.index, rest: next.rest.slice(waits + 1) });
  }
}

function isBefore(a: Asking, b: Asking): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.index < b.index);
}

function sum(stretches: readonly Stretch[]): number {
  return stretches.reduce((total, { ms }) => total + ms, 0);
}
