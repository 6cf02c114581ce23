import type { Event } from "../../src/engine/events.ts";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import type { Deed } from "./deeds.ts";
import { Invariants } from "./invariants.ts";
import { principalOf } from "./needs.ts";
import type { Site } from "./site.ts";
import { pathOf, readWrite, type Write } from "./writes.ts";

/** A write, and whom it is about. */
export interface Owned {
  readonly watch: Invariants;
  readonly write: Write;
}

/** Watches over every cluster of a site: finds out which of them a write is about, and collects what does not hold. */
export class Overseer {
  readonly violations: string[] = [];
  readonly #watches: readonly Invariants[];

  constructor(site: Site) {
    const fail = (what: string) => {
      if (!this.violations.includes(what)) this.violations.push(what);
    };
    this.#watches = site.subjects.map((subject) => new Invariants(subject, fail));
  }

  /** Someone else has done something. */
  noteStranger(deed: Deed): void {
    for (const watch of this.#watches) watch.noteStranger(deed);
  }

  /** Lets Azure answer a request, with a look at it before and after. */
  async serve(request: WireRequest, answer: () => Promise<WireResponse>): Promise<WireResponse> {
    const owned = await this.beforeRequest(request);
    owned?.watch.beginWrite(owned.write);
    const response = await answer();
    owned?.watch.endWrite(owned.write);
    for (const each of this.#watches) each.noteAnswer(request, response);
    await owned?.watch.afterWrite(owned.write, response);
    return response;
  }

  /** Looks at a request before Azure gets it. @returns what it writes, and whom that is about */
  async beforeRequest(request: WireRequest): Promise<Owned | undefined> {
    for (const watch of this.#watches) watch.noteRequest(request);
    if (request.method === "GET") return undefined;
    const owned = await this.#ownerOf(request);
    if (owned) await owned.watch.beforeWrite(owned.write);
    else this.violations.push(`no migration sends ${request.method} ${pathOf(request)}`);
    return owned;
  }

  /** Called with each event once it is on disk. */
  onEvent(event: Event): void {
    for (const watch of this.#watches) if (watch.subject.clusterId === event.cluster) watch.onEvent(event);
  }

  /** Called when every cluster's run has ended done. */
  async atTheEnd(): Promise<void> {
    for (const watch of this.#watches) await watch.atTheEnd();
  }

  /** Two clusters may give the same role on the same registry at the same moment: then its holder tells them apart. */
  async #ownerOf(request: WireRequest): Promise<Owned | undefined> {
    const candidates = this.#watches.flatMap((watch): Owned[] => {
      const write = readWrite(watch.subject, request);
      return write ? [{ watch, write }] : [];
    });
    if (candidates.length <= 1) return candidates[0];
    for (const candidate of candidates) {
      const { subject } = candidate.watch;
      const principals = [await principalOf(subject, "control-plane"), await principalOf(subject, "kubelet")];
      if (principals.includes(candidate.write.principalId)) return candidate;
    }
    return candidates.find(({ watch, write }) => write.keys.includes(watch.openKey ?? "")) ?? candidates[0];
  }
}
