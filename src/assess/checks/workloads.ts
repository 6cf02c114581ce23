import { at } from "../../azure/json.ts";
import { judgeDrains, judgeInterruptions } from "../../in-cluster/judge-drains.ts";
import { judgeReferences, judgeWorkloads } from "../../in-cluster/judge-inside.ts";
import type { OutsideReference } from "../../in-cluster/references.ts";
import { checkPodIdentityAddon } from "../../migration/pod-identity.ts";
import { LINKS, RULES } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import { type ClusterReading, isMigrationAhead } from "../reading.ts";
import { rightsFor } from "../rights.ts";

const NEEDS_CLUSTER = "the cluster's own API was not read (--in-cluster reads it)";

/** What only the Kubernetes API tells: said for each cluster, so that silence is not taken for health. */
export function checkWorkloads(reading: ClusterReading): Outcome[] {
  const imds = {
    check: "WK007",
    reason: "use of the instance metadata without a client id: no object in the cluster says it",
  };
  const { inside } = reading;
  if (inside)
    return [
      ...judgeWorkloads(inside),
      imds,
      ...judgeReferences(inside, (reference) => covers(reading, reference)),
      ...(isMigrationAhead(reading) ? [...judgeDrains(inside), ...judgeInterruptions(inside)] : []),
    ];
  return [
    { check: "WK001", reason: `pods that read /etc/kubernetes/azure.json: ${NEEDS_CLUSTER}` },
    { check: "WK002", reason: `secrets and config maps that hold the client id: ${NEEDS_CLUSTER}` },
    { check: "WK003", reason: `image pull secrets of the service principal: ${NEEDS_CLUSTER}` },
    { check: "WK005", reason: `resources of the open-source pod identity: ${NEEDS_CLUSTER}` },
    { check: "WK006", reason: `secret provider classes that use pod identity: ${NEEDS_CLUSTER}` },
    imds,
    { check: "RB007", reason: `volumes in storage accounts elsewhere: ${NEEDS_CLUSTER}` },
    { check: "RD005", reason: `disruption budgets and admission webhooks that block a drain: ${NEEDS_CLUSTER}` },
    { check: "RD007", reason: `single pods and files kept on nodes: ${NEEDS_CLUSTER}` },
  ];
}

/** On a service principal nothing is missing: what it holds there, the migration gives to the new identity. */
function covers({ controlPlane }: ClusterReading, { scope, action }: OutsideReference) {
  if (!controlPlane || rightsFor(controlPlane.rights.items, scope, action).length > 0) return true;
  const { gap } = controlPlane.rights;
  return gap === undefined ? false : { reason: gap };
}

/** WK004: the pod identity add-on, and the rule that asked for it; a plan says the same. */
export function checkPodIdentity({ cluster }: ClusterReading): Outcome[] {
  return checkPodIdentityAddon(cluster).map((finding) => ({ ...finding, rules: RULES.podIdentity }));
}

/** WK008: Workload ID needs the OIDC issuer too; once on, the issuer stays on. */
export function checkWorkloadIdentity({ cluster }: ClusterReading): Outcome[] {
  const issuer = at(cluster, "properties", "oidcIssuerProfile", "enabled") === true;
  const webhook = at(cluster, "properties", "securityProfile", "workloadIdentity", "enabled") === true;
  if (issuer && webhook) return [];
  return [
    {
      check: "WK008",
      severity: "low",
      seen: issuer ? "Workload ID is off" : "the OIDC issuer, which Workload ID needs, is off",
      remedy:
        "Turn it on: `az aks update --enable-oidc-issuer --enable-workload-identity`. It changes no node; the issuer cannot be turned off again.",
      link: LINKS.workloadIdentity,
      rules: RULES.workloadIdentity,
    },
  ];
}
