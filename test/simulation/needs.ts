import { isWithin, subscriptionOf } from "../../src/azure/ids.ts";
import { asObject, asString, at, type Json } from "../../src/azure/json.ts";
import { addonGrants } from "../../src/migration/addon-grants.ts";
import { controlPlaneGrants, kubeletGrants } from "../../src/migration/grants.ts";
import { type Grantee, roleKey } from "../../src/plan/change-keys.ts";
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
export function neededRights(subject: Subject): Needed[] {
  const { plan, identities, site } = subject;
  const { id, facts } = plan;
  const approved = new Set(subject.approvedKeys);
  const ofAddons = addonGrants(id, site.plan.metadata.cloud, facts).map((grant) => ({
    ...grant,
    isBeforeSwitch: false,
  }));
  const ofControlPlane = controlPlaneGrants(id, facts, identities).map((grant) => ({
    ...grant,
    isBeforeSwitch: identities.controlPlane !== undefined,
  }));
  const ofKubelet = kubeletGrants(facts).map((grant) => ({
    ...grant,
    isBeforeSwitch: identities.kubelet !== undefined,
  }));
  return [...ofControlPlane, ...ofKubelet, ...ofAddons.filter((needed) => approved.has(roleKey(needed)))];
}

/** The principal of an identity as Azure has it now, if there is one. */
export async function principalOf({ site, clusterId, identities }: Subject, who: Grantee): Promise<string | undefined> {
  const planned =
    who === "kubelet" ? identities.kubelet : who === "control-plane" ? identities.controlPlane : undefined;
  if (planned) return asString(at(await site.read<Json>(planned.id), "properties", "principalId"));
  const cluster = await site.read<Json>(clusterId);
  if (who === "control-plane") return asString(at(cluster, "identity", "principalId"));
  if (who !== "kubelet") return addonPrincipal(cluster, who.slice("addon:".length));
  return asString(at(cluster, "properties", "identityProfile", "kubeletidentity", "objectId"));
}

function addonPrincipal(cluster: Json, addon: string): string | undefined {
  if (addon.toLowerCase() === "webapprouting")
    return asString(at(cluster, "properties", "ingressProfile", "webAppRouting", "identity", "objectId"));
  const profiles = Object.entries(asObject(at(cluster, "properties", "addonProfiles")));
  const [, profile] = profiles.find(([name]) => name.toLowerCase() === addon.toLowerCase()) ?? [];
  return asString(at(profile, "identity", "objectId"));
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
