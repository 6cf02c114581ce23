import type { Json, JsonObject } from "../../src/azure/json.ts";
import { asObject, asString, at } from "../../src/azure/json.ts";
import { assignmentName } from "../../src/azure/roles.ts";
import { HOUR_MS } from "../../src/engine/clock.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { type Needed, principalOf } from "./needs.ts";
import type { Random } from "./random.ts";
import type { Site } from "./site.ts";
import { approvedKeys } from "./writes.ts";

/** What other people do to the cluster and around it while a run goes on. */
export const DEEDS = [
  "tag",
  "scale",
  "update",
  "abort",
  "assignRole",
  "createIdentity",
  "deleteRole",
  "rollPool",
  "releaseImage",
  "withdrawImage",
  "blockEviction",
  "allowEviction",
  "addPool",
] as const;

export type Deed = (typeof DEEDS)[number];

const TIGHT_SPOT_SHARE = 0.25;

/** Other people, as one seed makes them. */
export class Strangers {
  readonly #site: Site;
  readonly #random: Random;
  readonly #needs: readonly Needed[];
  readonly #note: (text: string) => void;
  readonly #shares = new Map<Deed, number>();
  #left: number;
  /** Everything they ever did. */
  readonly ever = new Set<Deed>();

  constructor(site: Site, random: Random, needs: readonly Needed[], note: (text: string) => void) {
    this.#site = site;
    this.#random = random;
    const approved = new Set(approvedKeys(site));
    this.#needs = needs.filter(({ role, scope, who }) => approved.has(`role:${role}@${scope}→${who}`));
    this.#note = note;
    for (const deed of DEEDS) {
      if (random.chance(deed === "addPool" ? 0.03 : 0.25)) this.#shares.set(deed, 0.06 * random.next() ** 2);
    }
    this.#left = random.whole(0, 12);
  }

  /** Nobody does anything any more, evictions are allowed, and there is another node image, as there is every week. */
  async calm(): Promise<void> {
    this.#left = 0;
    await this.#do("allowEviction");
    await this.#do("releaseImage");
  }

  /** Brings a cluster that ended `Failed` or `Canceled` back, as the remedy says: an update that changes nothing. */
  async reconcile(): Promise<void> {
    this.#note("someone reconciles the cluster");
    await this.#put(this.#site.clusterId, (body) => body);
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
      return (await this.#do(deed, request)) ? deed : undefined;
    }
    return undefined;
  }

  async #do(deed: Deed, request?: WireRequest): Promise<boolean> {
    const status = await this.#deed(deed, request);
    this.#note(`someone: ${deed} (${status ?? "nothing to do"})`);
    if (status === undefined || status >= 300) return false;
    this.ever.add(deed);
    return true;
  }

  async #deed(deed: Deed, request?: WireRequest): Promise<number | undefined> {
    const site = this.#site;
    const random = this.#random;
    const id = site.clusterId;
    switch (deed) {
      case "tag":
        return this.#patch(id, { tags: { changed: String(random.whole(1, 1e6)) } });
      case "scale": {
        const pool = random.pick(site.plan.clusters[0]!.from.pools);
        return this.#put(`${id}/agentPools/${pool.name}`, (body) => ({
          properties: { ...asObject(body["properties"]), count: random.whole(1, 5) },
        }));
      }
      case "update":
        return this.#put(id, (body) => ({ ...body, tags: { updated: String(random.whole(1, 1e6)) } }));
      case "abort":
        return (await site.ask("POST", `${id}/abort`)).status;
      case "assignRole":
        return this.#assign(this.#needs.find((each) => isAssignment(request, each)) ?? random.pick(this.#needs));
      case "createIdentity": {
        const planned = random.pick(Object.values(site.identities));
        return planned && (await site.ask("PUT", planned.id, { location: planned.location })).status;
      }
      case "deleteRole":
        return this.#deleteRole();
      case "rollPool": {
        const pool = random.pick(site.plan.clusters[0]!.from.pools);
        return (await site.ask("POST", `${id}/agentPools/${pool.name}/upgradeNodeImageVersion`)).status;
      }
      case "releaseImage":
        return this.#behave({ newerNodeImage: true });
      case "withdrawImage":
        return this.#behave({ newerNodeImage: random.chance(0.5) ? false : this.#later() });
      case "blockEviction":
        return this.#budget(0);
      case "allowEviction":
        return this.#budget(1);
      case "addPool":
        return (await site.ask("PUT", `${id}/agentPools/extra`, { properties: { count: 1, mode: "User" } })).status;
    }
  }

  #later(): string {
    return new Date(this.#site.clock.now().getTime() + this.#random.between(0, 30 * HOUR_MS)).toISOString();
  }

  async #put(id: string, change: (body: JsonObject) => Json): Promise<number> {
    return (await this.#site.ask("PUT", id, change(asObject(await this.#site.read<Json>(id))))).status;
  }

  async #patch(id: string, body: Json): Promise<number> {
    return (await this.#site.ask("PATCH", id, body)).status;
  }

  async #behave(behaviour: Json): Promise<number> {
    return (await this.#site.ask("PATCH", "/_emulator/behaviour", behaviour)).status;
  }

  /** Assigns a role that the run needs, under a name of its own: the run's own request then meets RoleAssignmentExists. */
  async #assign(needed: Needed | undefined): Promise<number | undefined> {
    const principalId = needed && (await principalOf(this.#site, needed.who));
    if (!needed || !principalId) return undefined;
    const name = assignmentName(`${needed.scope}/stranger`, needed.roleGuid, principalId);
    const properties = {
      principalId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${needed.roleGuid}`,
    };
    return (await this.#site.ask("PUT", assignmentsAt(needed.scope, name), { properties })).status;
  }

  /** Takes a role away that the run has given, or that someone else gave first. */
  async #deleteRole(): Promise<number | undefined> {
    const needed = this.#random.pick(this.#needs);
    const principalId = needed && (await principalOf(this.#site, needed.who));
    if (!needed || !principalId) return undefined;
    const listed = await this.#site.list(
      `${assignmentsAt(needed.scope)}?api-version=2022-04-01&$filter=principalId eq '${principalId}'`,
    );
    const held = listed.find((assignment) =>
      asString(at(assignment, "properties", "roleDefinitionId"))?.endsWith(needed.roleGuid),
    );
    const id = asString(at(held, "id"));
    return id === undefined ? undefined : (await this.#site.ask("DELETE", id)).status;
  }

  async #budget(disruptionsAllowed: number): Promise<number> {
    const budget = {
      id: "keep-all",
      type: "Kubernetes/PodDisruptionBudget",
      cluster: this.#site.clusterId,
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "keep-all", namespace: "apps" },
      spec: { minAvailable: 1 },
      status: { disruptionsAllowed },
    };
    return (await this.#site.ask("POST", "/_emulator/resources", [budget])).status;
  }
}

/** Where it matters most: between the run's last look and its write. */
function isTightSpot(deed: Deed, { method, url }: WireRequest): boolean {
  if (method !== "PUT") return false;
  return deed === "tag"
    ? /\/managedClusters\/[^/]+\?/i.test(url)
    : deed === "assignRole" && /\/roleAssignments\//.test(url);
}

/** True when a request assigns a role at the scope of a right. */
function isAssignment(request: WireRequest | undefined, { scope, roleGuid }: Needed): boolean {
  if (request?.method !== "PUT" || !request.body?.includes(roleGuid)) return false;
  return decodeURIComponent(request.url).toLowerCase().includes(`${scope}/providers/`.toLowerCase());
}

function assignmentsAt(scope: string, name?: string): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments${name === undefined ? "" : `/${name}`}`;
}
