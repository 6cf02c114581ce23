import { asArray, asString, at } from "../../azure/json.ts";
import { poolNameOf } from "../../azure/managed-cluster.ts";
import { isBlockedByPolicy, isWindowOnly } from "../../migration/disruption-policy.ts";
import { findLockdown, findLocks } from "../../migration/locks.ts";
import { isAvailabilitySet } from "../../migration/nodes.ts";
import { checkOwnedByCode } from "../../migration/owned-by-code.ts";
import { findDenials, findUnevaluated } from "../../migration/policy.ts";
import { checkSingleNodePools } from "../../migration/pool-findings.ts";
import { checkOldKinds, checkReadiness } from "../../migration/preflight.ts";
import { LINKS, RULES } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import { type ClusterReading, isMigrationAhead, poolsLeft } from "../reading.ts";

/** RD001, for every cluster: a failed or stopped one cannot be judged healthy either. */
export function checkIsReady({ cluster }: ClusterReading): Outcome[] {
  return checkReadiness(cluster);
}

/** RD004: pools and load balancers that take another way. */
export function checkOldPoolKinds(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? checkOldKinds(reading.cluster) : [];
}

/** RD009: locks that would stop an update half way, and the lockdown of the nodes' resource group. */
export function checkLocksInTheWay(reading: ClusterReading): Outcome[] {
  if (!isMigrationAhead(reading)) return [];
  const { id, cluster, facts, locks } = reading;
  const outcomes: Outcome[] = [...findLocks(locks.items, id, facts), ...findLockdown(cluster)];
  if (locks.gap !== undefined) outcomes.push({ check: "RD009", reason: locks.gap });
  return outcomes;
}

/** RD002: with the newest image in place a node image upgrade does nothing; with an own kubelet identity the update rolls the pools. */
export function checkNodeImages(reading: ClusterReading): Outcome[] {
  const { latestNodeImages, servicePrincipal } = reading;
  if (!isMigrationAhead(reading)) return [];
  const outcomes: Outcome[] = [];
  const newest: string[] = [];
  for (const pool of poolsLeft(reading)) {
    const name = poolNameOf(pool);
    // Those take another way, whatever their image: RD004.
    if (isAvailabilitySet({ type: asString(pool["type"]) ?? "" })) continue;
    const latest = latestNodeImages.get(name);
    if (!latest?.known || latest.value === undefined) {
      const reason = latest?.known === false ? latest.reason : "Azure names no newest image";
      outcomes.push({ check: "RD002", reason: `pool ${name}: ${reason}` });
    } else if (latest.value === asString(pool["nodeImageVersion"])) newest.push(name);
  }
  if (newest.length === 0) return outcomes;
  return [
    ...outcomes,
    {
      check: "RD002",
      severity: servicePrincipal ? "info" : "medium",
      seen: `there is no newer node image than that of pool ${newest.join(", ")}: upgrading it would re-image nothing`,
      remedy: servicePrincipal
        ? "Plan with an own kubelet identity (the default): its update re-images the pools whatever their image."
        : "Assign an own kubelet identity, wait for the next image (weekly on Linux, monthly on Windows), or upgrade Kubernetes.",
      link: LINKS.nodeImage,
    },
  ];
}

/** RD007: pools whose work stops while their only node is replaced. */
export function checkSingleNodes(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? checkSingleNodePools(reading.cluster) : [];
}

/** RD008: when nodes may be replaced, and what forbids it (the node disruption policy covers identity updates too). */
export function checkMaintenance(reading: ClusterReading): Outcome[] {
  const { cluster, maintenance } = reading;
  if (!isMigrationAhead(reading) || !maintenance) return [];
  const outcomes: Outcome[] = [];
  if (isBlockedByPolicy(cluster)) {
    outcomes.push({
      check: "RD008",
      severity: "high",
      seen: "the node disruption policy is Block: Azure refuses updates that re-image nodes, changes of the identity among them",
      remedy: "Set it to Allow, or AllowDuringMaintenanceWindow, for the time of the migration.",
      link: LINKS.nodeDisruption,
    });
  }
  if (!maintenance.known) return [...outcomes, { check: "RD008", reason: maintenance.reason }];
  const names = maintenance.value.map(({ name }) => name.toLowerCase());
  const lacking = ["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"].filter(
    (name) => !names.includes(name.toLowerCase()),
  );
  if (lacking.length === 0) return outcomes;
  const shut = isWindowOnly(cluster) && lacking.length === 2;
  return [
    ...outcomes,
    {
      check: "RD008",
      severity: shut ? "high" : "low",
      seen: shut
        ? "nodes may be disrupted only in a maintenance window, and none is set"
        : `no maintenance window is set for ${lacking.length === 2 ? "upgrades" : lacking[0]}: Azure's own upgrades may fall into the migration`,
      remedy:
        "Set a window with `az aks maintenanceconfiguration add`, and run the migration outside or inside it as you intend.",
      link: LINKS.maintenance,
      rules: RULES.maintenance,
    },
  ];
}

/** RD010: policies that refuse the update. Only the built-in one on local accounts is evaluated. */
export function checkPolicyDenials(reading: ClusterReading): Outcome[] {
  if (!isMigrationAhead(reading)) return [];
  const { id, cluster, policies } = reading;
  const outcomes: Outcome[] = findDenials(id, cluster, policies.items);
  if (policies.gap !== undefined) outcomes.push({ check: "RD010", reason: policies.gap });
  else outcomes.push(...findUnevaluated(id, policies.items));
  return outcomes;
}

/** RD011: whether code creates the cluster; a plan says the same where tags tell. */
export function checkCode(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? [checkOwnedByCode(reading.cluster)] : [];
}

/** RD012: AKS Fleet Manager may start an update in the middle of a migration. */
export function checkFleetUpdates(reading: ClusterReading): Outcome[] {
  return isMigrationAhead(reading) ? [{ check: "RD012", reason: "update runs of AKS Fleet Manager are not read" }] : [];
}

/** RD013: without the run command a cluster cannot be looked into from here, and a private one from few other places. */
export function checkReachable({ cluster }: ClusterReading): Outcome[] {
  const access = at(cluster, "properties", "apiServerAccessProfile");
  if (at(access, "disableRunCommand") !== true) return [];
  const kind =
    at(access, "enablePrivateCluster") === true
      ? "the cluster is private and its"
      : asArray(at(access, "authorizedIPRanges")).length > 0
        ? "the API server answers authorized IP ranges only, and the cluster's"
        : "the cluster's";
  return [
    {
      check: "RD013",
      severity: "medium",
      seen: `${kind} run command is off: nothing inside it can be looked at from here`,
      remedy:
        "Allow the run command for the assessment, or look at pods and disruption budgets from where its API server answers.",
      link: LINKS.commandInvoke,
    },
  ];
}
