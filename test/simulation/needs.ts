import { isWithin, subscriptionOf } from "../../src/azure/ids.ts";
import { asString, at, type Json } from "../../src/azure/json.ts";
import { controlPlaneGrants, kubeletGrants } from "../../src/migration/grants.ts";
import type { Grantee } from "../../src/plan/change-keys.ts";
import type { Subject } from "./site.ts";

/** A right that the migrated cluster needs. */
export interface Needed {
  readonly who: Grantee;
  readonly role: string;
  readonly roleGuid: string;
  readonly scope: string;
  /** Its principal exists before the switch, and so can the right. */
  readonly isBeforeSwitch: boolean;
}

/** The rights that the new control plane and the new kubelet identity need. */
export function neededRights({ plan: { id, facts }, identities }: Subject): Needed[] {
  const { controlPlane, kubelet } = identities;
  const grants = [...controlPlaneGrants(id, facts, identities), ...kubeletGrants(facts)];
  return grants.map(({ who, role, roleGuid, scope }) => {
    const isBeforeSwitch = (who === "kubelet" ? kubelet : controlPlane) !== undefined;
    return { who, role, roleGuid, scope, isBeforeSwitch };
  });
}

/** The principal of an identity as Azure has it now, if there is one. */
export async function principalOf({ site, clusterId, identities }: Subject, who: Grantee): Promise<string | undefined> {
  const planned = who === "kubelet" ? identities.kubelet : identities.controlPlane;
  if (planned) return asString(at(await site.read<Json>(planned.id), "properties", "principalId"));
  const cluster = await site.read<Json>(clusterId);
  if (who === "control-plane") return asString(at(cluster, "identity", "principalId"));
  return asString(at(cluster, "properties", "identityProfile", "kubeletidentity", "objectId"));
}

/** Since when a right has been there: the oldest assignment that gives it, or undefined when there is none. */
export async function heldSince(subject: Subject, needed: Needed): Promise<Date | undefined> {
  const principalId = await principalOf(subject, needed.who);
  if (!principalId) return undefined;
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  const path = `/subscriptions/${subscriptionOf(needed.scope)}/providers/Microsoft.Authorization/roleAssignments`;
  const listed = await subject.site.list(`${path}?api-version=2022-04-01&$filter=${filter}`);
  const times = listed
    .map((assignment) => at(assignment, "properties"))
    .filter((held) => asString(at(held, "roleDefinitionId"))?.toLowerCase().endsWith(needed.roleGuid.toLowerCase()))
    .filter((held) => isWithin(needed.scope, asString(at(held, "scope")) ?? "none"))
    .map((held) => Date.parse(asString(at(held, "createdOn")) ?? ""));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
