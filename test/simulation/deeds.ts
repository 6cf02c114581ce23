import { assignmentName } from "../../src/azure/assign-role.ts";
import { sameId } from "../../src/azure/ids.ts";
import { asObject, asString, at, type Json, type JsonObject } from "../../src/azure/json.ts";
import type { Behaviour } from "../../src/emulator/behaviour.ts";
import { HOUR_MS } from "../../src/engine/clock.ts";
import type { WireRequest } from "../../src/engine/wire.ts";
import { roleKey } from "../../src/plan/change-keys.ts";
import { type Needed, neededRights, principalOf } from "./needs.ts";
import type { Random } from "./random.ts";
import type { Site, Subject } from "./site.ts";

/** What other people do to a cluster and around it while a run goes on. */
export const DEEDS = [
  "tag",
  "scale",
  "update",
  "abort",
  "assignRole",
  "createIdentity",
  "deleteIdentity",
  "deleteUsedIdentity",
  "deleteRole",
  "rollPool",
  "releaseImage",
  "withdrawImage",
  "blockEviction",
  "allowEviction",
  "addPool",
] as const;

export type Deed = (typeof DEEDS)[number];

/** Deeds after which the plan no longer fits: the run has to say so, and cannot come to its end. */
export const ENDING_DEEDS: readonly Deed[] = ["addPool", "deleteUsedIdentity"];

/** Does one deed. @returns the status that it got, or undefined where there was nothing to do */
export async function doDeed(
  deed: Deed,
  subject: Subject,
  random: Random,
  request?: WireRequest,
): Promise<number | undefined> {
  const { site, clusterId: id, plan } = subject;
  switch (deed) {
    case "tag":
      return (await site.ask("PATCH", id, { tags: { changed: String(random.whole(1, 1e6)) } })).status;
    case "scale": {
      const pool = random.pick(plan.from.pools);
      return put(site, `${id}/agentPools/${pool.name}`, (body) => ({
        properties: { ...asObject(body["properties"]), count: random.whole(1, 5) },
      }));
    }
    case "update":
      return put(site, id, (body) => ({ ...body, tags: { updated: String(random.whole(1, 1e6)) } }));
    case "abort":
      return (await site.ask("POST", `${id}/abort`)).status;
    case "assignRole": {
      const needs = approvedNeeds(subject);
      return assign(subject, needs.find((each) => isAssignment(request, each)) ?? random.pick(needs));
    }
    case "createIdentity": {
      const planned = random.pick(Object.values(subject.identities));
      return planned && (await site.ask("PUT", planned.id, { location: planned.location })).status;
    }
    case "deleteIdentity":
      return deleteIdentity(subject, random, false);
    case "deleteUsedIdentity":
      return deleteIdentity(subject, random, true);
    case "deleteRole":
      return deleteRole(subject, random.pick(approvedNeeds(subject)));
    case "rollPool": {
      const pool = random.pick(plan.from.pools);
      return (await site.ask("POST", `${id}/agentPools/${pool.name}/upgradeNodeImageVersion`)).status;
    }
    case "releaseImage":
      return behave(site, { newerNodeImage: true });
    case "withdrawImage": {
      const later = new Date(site.clock.now().getTime() + random.between(0, 30 * HOUR_MS)).toISOString();
      return behave(site, { newerNodeImage: random.chance(0.5) ? false : later });
    }
    case "blockEviction":
      return setBudget(subject, 0);
    case "allowEviction":
      return setBudget(subject, 1);
    case "addPool":
      return (await site.ask("PUT", `${id}/agentPools/extra`, { properties: { count: 1, mode: "User" } })).status;
  }
}

/** Changes how the emulated Azure behaves. @returns the status */
export async function behave(site: Site, behaviour: Partial<Behaviour>): Promise<number> {
  return (await site.ask("PATCH", "/_emulator/behaviour", behaviour as JsonObject)).status;
}

/** Sends a resource back with a change. @returns the status */
export async function put(site: Site, id: string, change: (body: JsonObject) => Json): Promise<number> {
  return (await site.ask("PUT", id, change(asObject(await site.read<Json>(id))))).status;
}

/** The rights that the plan gives to the new identities. */
function approvedNeeds(subject: Subject): Needed[] {
  const approved = new Set(subject.approvedKeys);
  return neededRights(subject).filter((needed) => approved.has(roleKey(needed)));
}

/** Assigns a role that the run needs, under a name of its own: the run's own request then meets RoleAssignmentExists. */
async function assign(subject: Subject, needed: Needed | undefined): Promise<number | undefined> {
  const principalId = needed && (await principalOf(subject, needed.who));
  if (!needed || !principalId) return undefined;
  const name = assignmentName(`${needed.scope}/stranger`, needed.roleGuid, principalId);
  const properties = {
    principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${needed.roleGuid}`,
  };
  return (await subject.site.ask("PUT", assignmentsAt(needed.scope, name), { properties })).status;
}

/** Takes a role away that the run has given, or that someone else gave first. */
async function deleteRole(subject: Subject, needed: Needed | undefined): Promise<number | undefined> {
  const principalId = needed && (await principalOf(subject, needed.who));
  if (!needed || !principalId) return undefined;
  const { site } = subject;
  const filter = `principalId eq '${principalId}'`;
  const listed = await site.list(`${assignmentsAt(needed.scope)}?api-version=2022-04-01&$filter=${filter}`);
  const held = listed.find((assignment) =>
    asString(at(assignment, "properties", "roleDefinitionId"))?.endsWith(needed.roleGuid),
  );
  const id = asString(at(held, "id"));
  return id === undefined ? undefined : (await site.ask("DELETE", id)).status;
}

/**
 * Deletes one of the new identities.
 * @param isUsed false: one that the cluster does not use yet; true: one that it uses, after which only another plan helps
 */
async function deleteIdentity(subject: Subject, random: Random, isUsed: boolean): Promise<number | undefined> {
  const { site, clusterId, identities } = subject;
  const planned = random.pick(Object.values(identities));
  if (!planned) return undefined;
  const cluster = await site.read<Json>(clusterId);
  const used = [
    ...Object.keys(asObject(at(cluster, "identity", "userAssignedIdentities"))),
    asString(at(cluster, "properties", "identityProfile", "kubeletidentity", "resourceId")),
  ];
  const isIdle = asString(at(cluster, "properties", "provisioningState")) === "Succeeded";
  if (!isIdle || used.some((id) => sameId(id, planned.id)) !== isUsed) return undefined;
  return (await site.ask("DELETE", planned.id)).status;
}

async function setBudget({ site, clusterId }: Subject, disruptionsAllowed: number): Promise<number> {
  const budget = {
    id: `keep-all-${clusterId.split("/").at(-1)}`,
    type: "Kubernetes/PodDisruptionBudget",
    cluster: clusterId,
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "keep-all", namespace: "apps" },
    spec: { minAvailable: 1 },
    status: { disruptionsAllowed },
  };
  return (await site.ask("POST", "/_emulator/resources", [budget])).status;
}

/** True when a request assigns a role at the scope of a right. */
function isAssignment(request: WireRequest | undefined, { scope, roleGuid }: Needed): boolean {
  if (request?.method !== "PUT" || !request.body?.includes(roleGuid)) return false;
  return decodeURIComponent(request.url).toLowerCase().includes(`${scope}/providers/`.toLowerCase());
}

function assignmentsAt(scope: string, name?: string): string {
  return `${scope}/providers/Microsoft.Authorization/roleAssignments${name === undefined ? "" : `/${name}`}`;
}
