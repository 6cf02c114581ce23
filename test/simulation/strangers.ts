import type { WireRequest } from "../../src/engine/wire.ts";
import { DEEDS, type Deed, doDeed, ENDING_DEEDS } from "./deeds.ts";
import type { Random } from "./random.ts";
import type { Site } from "./site.ts";

const TIGHT_SPOT_SHARE = 0.25;

/** Deeds that are rarer than the others: after them little is left to be seen of a run. */
const RARE: readonly Deed[] = [...ENDING_DEEDS, "deleteIdentity"];

/** Other people, as one seed makes them. */
export class Strangers {
  readonly #site: Site;
  readonly #random: Random;
  readonly #note: (text: string) => void;
  readonly #shares = new Map<Deed, number>();
  #left: number;
  /** Everything they ever did. */
  readonly ever = new Set<Deed>();

  constructor(site: Site, random: Random, note: (text: string) => void) {
    this.#site = site;
    this.#random = random;
    this.#note = note;
    for (const deed of DEEDS)
      if (random.chance(RARE.includes(deed) ? 0.03 : 0.25)) this.#shares.set(deed, 0.06 * random.next() ** 2);
    this.#left = random.whole(0, 12);
  }

  /** Nobody does anything any more, evictions are allowed, and there is another node image, as there is every week. */
  async calm(): Promise<void> {
    this.#left = 0;
    for (const index of this.#site.plan.clusters.keys()) await this.#do("allowEviction", index);
    await this.#do("releaseImage", 0);
  }

  /**
   * Perhaps someone does something now, right before a request of the run is served.
   * @returns what was done
   */
  async act(request: WireRequest): Promise<Deed | undefined> {
    if (this.#left === 0) return undefined;
    for (const [deed, share] of this.#shares) {
      if (!this.#random.chance(isTightSpot(deed, request) ? TIGHT_SPOT_SHARE : share)) continue;
      this.#left -= 1;
      const index = this.#random.whole(0, this.#site.plan.clusters.length - 1);
      return (await this.#do(deed, index, request)) ? deed : undefined;
    }
    return undefined;
  }

  /** @param index of the cluster that it is done to, in the plan */
  async #do(deed: Deed, index: number, request?: WireRequest): Promise<boolean> {
    const subject = this.#site.subjects[index]!;
    const status = await doDeed(deed, subject, this.#random, request);
    this.#note(`someone: ${deed} at ${subject.clusterId.split("/").at(-1)} (${status ?? "nothing to do"})`);
    if (status === undefined || status >= 300) return false;
    this.ever.add(deed);
    return true;
  }
}

/** Where it matters most: between the run's last look and its write. */
function isTightSpot(deed: Deed, { method, url }: WireRequest): boolean {
  if (method !== "PUT") return false;
  return deed === "tag"
    ? /\/managedClusters\/[^/]+\?/i.test(url)
    : deed === "assignRole" && /\/roleAssignments\//.test(url);
}
