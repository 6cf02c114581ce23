import type { Azure } from "../azure/azure.ts";
import { parseResourceGroupId, resourceGroupOf, sameId } from "../azure/ids.ts";
import { asFinding, type Outcome } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { resolveTarget } from "./migration.ts";

/**
 * Azure makes an identity only in a resource group that exists, and making groups is not the tool's: a group that is not there
 * would stop the run at its first write. The cluster's own group is there and is not asked for.
 * @param keys the keys of the plan's changes
 */
export async function checkIdentityGroups(
  azure: Azure,
  { id, target }: Pick<ClusterPlan, "id" | "target">,
  keys: readonly string[],
): Promise<Finding[]> {
  const { controlPlane, kubelet } = resolveTarget(id, target);
  const made = [
    ...(keys.includes("identity:control-plane") && controlPlane ? [controlPlane] : []),
    ...(keys.includes("identity:kubelet") && kubelet ? [kubelet] : []),
  ];
  const groups = new Map(made.map((identity) => [resourceGroupOf(identity.id)!.toLowerCase(), identity]));
  const findings: Finding[] = [];
  for (const identity of groups.values()) {
    const group = resourceGroupOf(identity.id)!;
    if (sameId(group, resourceGroupOf(id)!)) continue;
    const outcome = judge(await azure.resources.groupExists(group), group, identity.location);
    findings.push(...outcome.map((found) => asFinding(found, "Ask someone who may read it whether it is there.")));
  }
  return findings;
}

function judge(exists: boolean | undefined, group: string, location: string): Outcome[] {
  const { subscription, name } = parseResourceGroupId(group)!;
  if (exists === undefined) return [{ check: "IDENTITY-GROUP", reason: `you may not read the resource group ${name}` }];
  if (exists) return [];
  return [
    {
      check: "IDENTITY-GROUP",
      severity: "blocker",
      seen: `the resource group ${name}, in which identities are to be created, does not exist in subscription ${subscription}`,
      remedy: `Check the name, or create the group (\`az group create --subscription ${subscription} --name ${name} --location ${location}\`), then plan again.`,
    },
  ];
}
