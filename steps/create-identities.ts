import type { Azure } from "../src/azure/azure.ts";
import { sameId } from "../src/azure/ids.ts";
import type { Change, Step } from "../src/engine/step.ts";
import { readCluster } from "../src/migration/held-grants.ts";
import type { Migration, PlannedIdentity, Target } from "../src/migration/migration.ts";
import { type IdentityUse, useOfIdentity } from "../src/migration/principals.ts";

/** Whether each identity is there, and its own, by the key of the change that makes it. */
type Facts = ReadonlyMap<string, "there" | "missing" | "lost">;

/**
 * Creates the user-assigned managed identities, and takes over those that are there already. One that the cluster uses and
 * that was deleted cannot be made again: under the same name it is another principal.
 * @param target the identities that are to be there
 */
export function createIdentities(migration: Migration, target: Target, azure: Azure): Step<Facts, Change> {
  const planned = new Map<string, PlannedIdentity>();
  if (target.controlPlane) planned.set("identity:control-plane", target.controlPlane);
  if (target.kubelet) planned.set("identity:kubelet", target.kubelet);
  return {
    id: "create-identities",
    async detect() {
      const cluster = await readCluster(azure, migration);
      const found = new Map<string, "there" | "missing" | "lost">();
      for (const [key, { id }] of planned) {
        const identity = await azure.identities.get(id);
        found.set(key, judge(identity?.principalId, useOfIdentity(cluster, id)));
      }
      return found;
    },
    decide(facts) {
      const of = (state: "missing" | "lost") => [...planned].filter(([key]) => facts.get(key) === state);
      const lost = of("lost").map(([, { name }]) => name);
      if (lost.length > 0)
        return {
          kind: "failed",
          code: "ID009",
          message: `The cluster uses ${lost.join(" and ")}, which somebody has deleted: what has that name now, or gets it, is another principal.`,
          remedy:
            "Make a plan with an identity of another name (`aks-mi plan`, --control-plane-identity or --kubelet-identity): its roles are assigned and the cluster is moved to it.",
        };
      const missing = of("missing");
      if (missing.length > 0)
        return { kind: "change", changes: missing.map(([key, identity]) => describe(key, identity)) };
      return {
        kind: "done",
        evidence: `The identities ${[...planned.values()].map(({ name }) => name).join(" and ")} are there.`,
      };
    },
    async apply(change, report) {
      const { id, location } = planned.get(change.key)!;
      const { identity, adopted, correlationId } = await azure.identities.create(id, location);
      await report({ type: "change:bound", key: change.key, resourceId: identity.id, correlationId, adopted });
    },
  };
}

/** @param principalId of the identity that has the name now, if any has */
function judge(principalId: string | undefined, use: IdentityUse | undefined): "there" | "missing" | "lost" {
  if (principalId === undefined) return use ? "lost" : "missing";
  return use?.principalId === undefined || sameId(use.principalId, principalId) ? "there" : "lost";
}

function describe(key: string, { name, resourceGroup, location }: PlannedIdentity): Change {
  const reason =
    key === "identity:control-plane"
      ? "the control plane needs an identity of its own, which exists and has its rights before the switch"
      : "an own kubelet identity can pull images before any node is rolled; the one AKS makes exists only afterwards";
  return { key, summary: `create identity ${name} in ${resourceGroup} (${location})`, reason, risk: "additive" };
}
