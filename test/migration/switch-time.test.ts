import { expect, test } from "vitest";
import type { Azure } from "../../src/azure/azure.ts";
import type { StampedEvent } from "../../src/engine/events.ts";
import { History } from "../../src/engine/history.ts";
import { kubeletIdentityKey, type Migration } from "../../src/migration/migration.ts";
import { readSwitchStart } from "../../src/migration/switch-time.ts";

const GROUP = "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups/g";
const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c`;
const IDENTITIES = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const TOLD = "2026-11-20T08:00:00Z";
const ACCEPTED = "2026-11-22T08:00:00Z";

/** A migration that gives the nodes of a switched cluster another identity, with what its journal says. */
function migrationWith(events: readonly StampedEvent[]): Migration {
  const parts = {
    clusterId: CLUSTER,
    history: new History(events),
    from: { switchedAt: TOLD, location: "westeurope", pools: [] },
    facts: { kubeletIdentity: `${IDENTITIES}/old` },
    target: { controlPlane: undefined, kubelet: { id: `${IDENTITIES}/new` } },
  };
  return parts as unknown as Migration;
}

const CLUSTER_NOW = { id: CLUSTER, properties: { servicePrincipalProfile: { clientId: "msi" } } };
const NO_AZURE = {} as Azure;

test("nodes have their identity from the run's own update on, whatever the plan was told of an earlier switch", async () => {
  const key = kubeletIdentityKey(CLUSTER);
  const begun: StampedEvent[] = [
    { type: "change:started", key, summary: "", risk: "disruptive" },
    { type: "operation:started", key, operation: "o", acceptedAt: ACCEPTED },
  ];
  expect(await readSwitchStart(NO_AZURE, migrationWith(begun), CLUSTER_NOW)).toEqual(new Date(ACCEPTED));
  expect(await readSwitchStart(NO_AZURE, migrationWith([]), CLUSTER_NOW)).toEqual(new Date(TOLD));
});
