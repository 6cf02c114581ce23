import { expect, test } from "vitest";
import { faultsOf } from "../schemas/faults.ts";
import { type Ended, InProcessCommandLine } from "../support/in-process.ts";
import type { Lab } from "../support/lab.ts";
import { changePool } from "../support/nodes.ts";

/** Plans for a lab's cluster, and rehearses that. */
async function planAndRehearse(
  scenario: string,
  arrange: (lab: Lab) => Promise<unknown> = async () => {},
): Promise<{ planned: Ended; rehearsed: Ended; writes: number }> {
  const line = await InProcessCommandLine.open({}, scenario);
  await arrange(line.lab);
  const [cluster] = await line.lab.clusterIds();
  const planned = await line.run("plan", "--id", cluster!, "--out", line.file("plan.yaml"));
  const rehearsed = await line.run("rehearse", "--plan", line.file("plan.yaml"), "-o", "json");
  return { planned, rehearsed, writes: (await line.lab.writes()).length };
}

test("rehearse exits 0 where a run pauses and can be resumed, and its JSON tells the pause as its schema says", async () => {
  const { planned, rehearsed, writes } = await planAndRehearse("azure-cni");
  expect(planned.code, planned.stderr).toBe(0);
  expect(rehearsed.code, rehearsed.stderr).toBe(0);
  const { through, rehearsals } = JSON.parse(rehearsed.stdout);
  expect(through).toBe(true);
  const pauses = rehearsals.flatMap(({ clusters: [{ pauses }] }: { clusters: [{ pauses: object[] }] }) => pauses);
  expect(pauses).toEqual([
    { atMs: expect.any(Number), lastsMs: 7 * 86_400_000, reason: expect.stringContaining("no newer node image") },
  ]);
  expect(faultsOf("schemas/rehearse.schema.json", JSON.parse(rehearsed.stdout))).toEqual([]);
  expect(writes).toBe(0);
});

test("rehearse exits 1 where an assumption does not get through, and says in JSON which and why", async () => {
  const stop = (lab: Lab) => changePool(lab, { powerState: { code: "Stopped" } });
  const { planned, rehearsed } = await planAndRehearse("kubenet-plain", stop);
  expect(planned.code, planned.stderr).toBe(0);
  expect(rehearsed.code).toBe(1);
  const { through, rehearsals } = JSON.parse(rehearsed.stdout);
  expect(through).toBe(false);
  const stopped = rehearsals.filter((rehearsal: { through: boolean }) => !rehearsal.through);
  expect(stopped.map(({ assumption }: { assumption: string }) => assumption)).toContain(
    "the update of both identities re-images no node",
  );
  expect(stopped[0].clusters[0].outcome).toEqual({ kind: "paused", reason: expect.stringContaining("is stopped") });
  expect(faultsOf("schemas/rehearse.schema.json", JSON.parse(rehearsed.stdout))).toEqual([]);
});

test("rehearse refuses a plan that is blocked with 4, and reads nothing for it", async () => {
  const line = await InProcessCommandLine.open({}, "kubenet-plain");
  const [cluster] = await line.lab.clusterIds();
  const lock = { id: `${cluster}/providers/Microsoft.Authorization/locks/keep`, properties: { level: "ReadOnly" } };
  await line.lab.control("POST", "/_emulator/resources", [{ ...lock, type: "Microsoft.Authorization/locks" }]);
  const planned = await line.run("plan", "--id", cluster!, "--out", line.file("plan.yaml"));
  expect(planned.code, planned.stderr).toBe(4);
  const asked = (await line.lab.requests()).length;
  const rehearsed = await line.run("rehearse", "--plan", line.file("plan.yaml"));
  expect(rehearsed.code).toBe(4);
  expect(rehearsed.stderr).toMatch(/is blocked by RD\d+: .*lock/);
  expect(rehearsed.stdout).toBe("");
  expect((await line.lab.requests()).length).toBe(asked);
});
