import { expect, test } from "vitest";
import type { MigrationPlan } from "../../src/plan/schema.ts";
import { Lab, type ModelEvent } from "../support/lab.ts";

const SWITCHES = {
  combinedIdentityUpdate: ["rolls", "appliesWithoutRoll", "refused", "ignoresKubelet"],
  identityUpdateReimagesNodes: [false, true],
  kubeletIdentityUpdateReimagesNodes: [true, false],
  reimage: ["inPlace", "replacesInstance"],
};

const TARGETS = [
  { name: "own identities", request: { to: "user-assigned" as const } },
  {
    name: "an own control-plane identity and the kubelet identity AKS makes",
    request: { to: "user-assigned" as const, kubeletIdentity: "aks" },
  },
];

function* combinations(): Generator<Record<string, unknown>> {
  for (const combinedIdentityUpdate of SWITCHES.combinedIdentityUpdate)
    for (const identityUpdateReimagesNodes of SWITCHES.identityUpdateReimagesNodes)
      for (const kubeletIdentityUpdateReimagesNodes of SWITCHES.kubeletIdentityUpdateReimagesNodes)
        for (const reimage of SWITCHES.reimage)
          yield { combinedIdentityUpdate, identityUpdateReimagesNodes, kubeletIdentityUpdateReimagesNodes, reimage };
}

/** Drains per node name; a replaced instance has a new name, so pools are counted whole. */
function drainsPerPool(events: readonly ModelEvent[]): Record<string, number> {
  const drains: Record<string, number> = {};
  for (const { kind, pool } of events) if (kind === "nodeDrained") drains[pool!] = (drains[pool!] ?? 0) + 1;
  return drains;
}

function gapKeys(plan: MigrationPlan): string[] {
  return plan.clusters
    .flatMap((cluster) => cluster.steps.flatMap((step) => step.changes))
    .map(({ key }) => key)
    .filter((key) => key.startsWith("gap:"));
}

for (const { name, request } of TARGETS) {
  test.each([...combinations()])(`a migration to ${name} ends verified under %o`, async (behaviour) => {
    const lab = await Lab.open(behaviour);
    const plan = await lab.plan(request);
    const { results, events } = await lab.apply(plan);
    expect(results.map(({ outcome }) => outcome)).toEqual([{ kind: "done", changed: true }]);

    const model = await lab.events();
    const twice =
      request.kubeletIdentity === undefined &&
      behaviour["identityUpdateReimagesNodes"] === true &&
      ["refused", "ignoresKubelet"].includes(String(behaviour["combinedIdentityUpdate"]));
    const times = twice ? 2 : 1;
    expect(drainsPerPool(model)).toEqual({ system: 3 * times, apps: 4 * times, batch: 2 * times });

    const failures = model.filter(({ ok }) => !ok);
    const closed = events.find((event) => event.type === "change:applied" && event.key === "gap:kubelet");
    const opened = events.find((event) => event.type === "change:started" && event.key.startsWith("switch:"));
    if (failures.length > 0) expect(gapKeys(plan)).toContain("gap:kubelet");
    for (const failure of failures) {
      expect(failure.kind).toBe("imagePull");
      expect(failure.at >= opened!.at && failure.at <= closed!.at, `${failure.at} lies in the announced gap`).toBe(
        true,
      );
    }
    if (!twice && request.kubeletIdentity === undefined) expect(failures).toEqual([]);

    const again = await lab.plan(request);
    expect(again.clusters[0]!.path).toBe("none");
  });
}
