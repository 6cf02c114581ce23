import { ActivityLog } from "./activities.ts";
import { type Behaviour, defaultBehaviour, durationMs } from "./behaviour.ts";
import type { Cluster } from "./cluster.ts";
import type { EmulatedClock } from "./emulated-clock.ts";
import { EventLog } from "./events.ts";
import { keyOf } from "./ids.ts";
import { type Resource, textAt } from "./json.ts";
import type { GroupDeletion, Operation } from "./operation.ts";
import { Principals } from "./principals.ts";
import { SeededIds } from "./random.ts";
import { Rights } from "./rights.ts";
import { Store } from "./store.ts";
import { Timeline } from "./timeline.ts";

/** The whole model: what is there, what holds, what is going to happen. Knows nothing of HTTP. */
export class World {
  readonly clock: EmulatedClock;
  readonly ids: SeededIds;
  readonly timeline: Timeline;
  readonly store = new Store();
  readonly principals: Principals;
  readonly rights: Rights;
  readonly events = new EventLog();
  readonly activity = new ActivityLog();
  readonly operations = new Map<string, Operation>();
  /** Deletions of resource groups, by the name of their job. */
  readonly groupDeletions = new Map<string, GroupDeletion>();
  readonly clusters = new Map<string, Cluster>();
  /** When the model began: what is older has no creation time of its own. */
  readonly startMs: number;
  /** What waits told to clients are divided by: the loopback clock's scale. */
  readonly retryAfterDivisor: number;
  behaviour: Behaviour = defaultBehaviour();

  constructor(clock: EmulatedClock, seed: number, retryAfterDivisor = 1) {
    this.clock = clock;
    this.retryAfterDivisor = retryAfterDivisor;
    this.startMs = clock.now().getTime();
    this.ids = new SeededIds(seed);
    this.timeline = new Timeline(this.startMs);
    this.principals = new Principals(this.store, this.ids);
    this.rights = new Rights(
      this.store,
      this.principals,
      () => durationMs(this.behaviour, "rolePropagation"),
      (id) => this.#stir(id),
    );
    this.store.onChange((_, now, before) => {
      const { type } = (now ?? before)!;
      if (SURROUNDINGS.test(type)) this.#stir();
      else if (IDENTITIES.test(type)) for (const identity of [before, now]) this.#stirActor(identity);
    });
  }

  /** The moment the model is at, in milliseconds. */
  get nowMs(): number {
    return this.timeline.nowMs;
  }

  /** Lets everything due up to now happen. */
  settle(): void {
    this.timeline.runUntil(this.clock.now().getTime());
  }

  /** The cluster of this id, with its nodes and its work. */
  cluster(id: string): Cluster | undefined {
    return this.clusters.get(keyOf(id));
  }

  /** Lets the next rounds of clusters' work be looked at: of all, or of those that are done as this principal. */
  #stir(principalId?: string): void {
    for (const { work } of this.clusters.values())
      if (principalId === undefined || work?.actors.has(principalId)) work?.stir();
  }

  #stirActor(identity: Resource | undefined): void {
    const principalId = textAt(identity, "properties", "principalId");
    if (principalId) this.#stir(principalId.toLowerCase());
  }

  /** Takes over behaviour settings while the model runs. */
  setBehaviour(settings: Partial<Behaviour>): void {
    this.behaviour = { ...this.behaviour, ...settings };
    this.rights.forgetAll();
    if ("newerNodeImage" in settings)
      for (const cluster of this.clusters.values())
        for (const pool of cluster.pools.values()) pool.imageTakenMs = undefined;
  }
}

/** Types that decide whether a cluster's pulls, disks and load balancers work. */
const SURROUNDINGS = /^microsoft\.(network|containerregistry|compute\/diskencryptionsets|graph)/i;

const IDENTITIES = /^microsoft\.managedidentity\/userassignedidentities$/i;
