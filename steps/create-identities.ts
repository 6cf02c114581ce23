import type { Identities } from "../src/azure/identities.ts";
import type { Change, Step } from "../src/engine/step.ts";
import type { PlannedIdentity, Target } from "../src/migration/migration.ts";

/** Which of the identities are there, by the key of the change that makes them. */
type Facts = ReadonlyMap<string, boolean>;

/** Creates the user-assigned managed identities, and takes over those that are there already. */
export function createIdentities(target: Target, azure: { identities: Identities }): Step<Facts, Change> {
  const planned = new Map<string, PlannedIdentity>();
  if (target.controlPlane) planned.set("identity:control-plane", target.controlPlane);
  if (target.kubelet) planned.set("identity:kubelet", target.kubelet);
  return {
    id: "create-identities",
    async detect() {
      const found = new Map<string, boolean>();
      for (const [key, { id }] of planned) found.set(key, (await azure.identities.get(id)) !== undefined);
      return found;
    },
    decide(facts) {
      const missing = [...planned].filter(([key]) => !facts.get(key));
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

function describe(key: string, { name, resourceGroup, location }: PlannedIdentity): Change {
  const reason =
    key === "identity:control-plane"
      ? "the control plane needs an identity of its own, which exists and has its rights before the switch"
      : "an own kubelet identity can pull images before any node is rolled; the one AKS makes exists only afterwards";
  return { key, summary: `create identity ${name} in ${resourceGroup} (${location})`, reason, risk: "additive" };
}
