import { isWithin, sameId } from "../azure/ids.ts";
import { controlPlaneGrants, nodeResourceGroupId } from "../migration/grants.ts";
import type { Target } from "../migration/migration.ts";
import { canonicalJson } from "../plan/canonical.ts";
import type { ClusterFacts, HeldRole } from "../plan/schema.ts";

/** One fact that is not as it was when the plan was made. */
export interface Difference {
  /** Where in the facts, for example `pools` or `network.routeTables`. */
  readonly path: string;
  readonly planned: string;
  readonly live: string;
  /** True when the plan itself brings it about: progress, not staleness. */
  readonly own: boolean;
}

/** Compares live facts with those of the plan. */
export function compareFacts(
  clusterId: string,
  planned: ClusterFacts,
  live: ClusterFacts,
  target: Target,
): Difference[] {
  const differences: Difference[] = [];
  const flatPlanned = flatten(planned);
  const flatLive = flatten(live);
  for (const path of new Set([...flatPlanned.keys(), ...flatLive.keys()])) {
    const before = flatPlanned.get(path) ?? "nothing";
    const now = flatLive.get(path) ?? "nothing";
    if (before.toLowerCase() === now.toLowerCase()) continue;
    differences.push({ path, planned: before, live: now, own: isOwn(clusterId, path, planned, live, target) });
  }
  return differences;
}

/** The facts by path, two levels deep: fine enough to name what changed, and arrays are compared whole. */
function flatten(facts: ClusterFacts): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    if (key === "network" || key === "identity") {
      for (const [inner, child] of Object.entries(value))
        if (child !== undefined) flat.set(`${key}.${inner}`, canonicalJson(child));
    } else if (key === "pools") {
      for (const pool of facts.pools) flat.set(`pools.${pool.name}`, canonicalJson(pool));
    } else if (key === "addons") {
      for (const [name, config] of Object.entries(facts.addons)) flat.set(`addons.${name}`, canonicalJson(config));
    } else flat.set(key, canonicalJson(value));
  }
  return flat;
}

/** True when the live value is the one that the plan wants, or one on the way there. */
function isOwn(clusterId: string, path: string, planned: ClusterFacts, live: ClusterFacts, target: Target): boolean {
  switch (path) {
    case "clientId":
      return live.clientId.toLowerCase() === "msi";
    case "identity.type":
      return live.identity.type.toLowerCase() === (target.controlPlane ? "userassigned" : "systemassigned");
    case "identity.userAssigned": {
      const [only, ...more] = live.identity.userAssigned;
      return target.controlPlane ? more.length === 0 && sameId(only, target.controlPlane.id) : only === undefined;
    }
    case "kubeletIdentity":
      return (
        live.kubeletIdentity !== undefined &&
        (sameId(live.kubeletIdentity, target.kubelet?.id) ||
          isWithin(live.kubeletIdentity, nodeResourceGroupId(clusterId, live)))
      );
    case "heldRoles":
      return isGrantedByPlan(clusterId, planned, live, target);
    default:
      return false;
  }
}

/** True when the control plane has kept all its roles and got only what the plan grants: on some paths it keeps its identity. */
function isGrantedByPlan(clusterId: string, planned: ClusterFacts, live: ClusterFacts, target: Target): boolean {
  const before = planned.heldRoles ?? [];
  const now = live.heldRoles ?? [];
  const grants = controlPlaneGrants(clusterId, planned, target);
  const isGranted = ({ roleDefinitionId, scope }: HeldRole) =>
    grants.some((grant) => roleDefinitionId.toLowerCase().endsWith(`/${grant.roleGuid}`) && sameId(grant.scope, scope));
  const isKept = before.every((old) => now.some((held) => isSameRole(old, held)));
  return isKept && now.every((held) => isGranted(held) || before.some((old) => isSameRole(old, held)));
}

function isSameRole(a: HeldRole, b: HeldRole): boolean {
  return a.roleDefinitionId.toLowerCase() === b.roleDefinitionId.toLowerCase() && sameId(a.scope, b.scope);
}
