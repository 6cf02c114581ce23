import { expect, test } from "vitest";
import { CLUSTERS_AT_ONCE } from "../../src/plan/pace.ts";
import { listAssumptions } from "../../src/rehearse/assumptions.ts";
import { rehearseOnce } from "../../src/rehearse/rehearse-once.ts";
import { NO_TROUBLE } from "../../src/rehearse/trouble.ts";
import { Lab } from "../support/lab.ts";
import { twinOf } from "./support.ts";

test("more clusters than are worked on at once queue in the rehearsal as they do when the plan is applied", async () => {
  const lab = await Lab.open({}, { behaviour: {}, generate: { clusters: 8, subscriptions: 1 }, resources: [] });
  const all = await lab.plan();
  const ids = all.clusters.filter(({ from, blocked }) => from.servicePrincipal && !blocked).map(({ id }) => id);
  const plan = await lab.plan({ clusterIds: ids.slice(0, CLUSTERS_AT_ONCE + 1) });
  expect(plan.clusters).toHaveLength(CLUSTERS_AT_ONCE + 1);
  const start = lab.clock.now();
  const settings = { plan, twin: await twinOf(lab, plan), start, tool: "test" };
  const [expected] = listAssumptions({ thorough: false, deadPrincipal: false });
  const rehearsal = await rehearseOnce(settings, expected!, NO_TROUBLE);
  const { results, events } = await lab.apply(plan);

  expect([rehearsal.through, results.every(({ outcome }) => outcome.kind === "done")]).toEqual([true, true]);
  expect(rehearsal.durationMs).toBe(lab.clock.now().getTime() - start.getTime());
  const queued = events.flatMap((event) => (event.type === "step:waiting" && event.queued ? [event] : []));
  expect(queued.map(({ step }) => step)).toContain("await-role-propagation");
  for (const { cluster, at, reason } of queued) {
    const { timeline } = rehearsal.clusters.find(({ id }) => id === cluster)!;
    const atMs = Date.parse(at) - start.getTime();
    expect(timeline).toContainEqual(expect.objectContaining({ kind: "wait", atMs, text: reason }));
  }
});
