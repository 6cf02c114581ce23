import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";

describe("aks-mi assess", () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.open();
  });
  afterAll(() => line.close());

  test("without scope assesses every enabled subscription, data on stdout and progress on stderr", async () => {
    const { code, stdout, stderr } = await line.run(["assess", "-o", "json"]);
    expect(code, stderr).toBe(0);
    const { clusters } = JSON.parse(stdout);
    expect(clusters).toHaveLength(1);
    expect(clusters[0]).toMatchObject({ id: DEMO_CLUSTER, state: "service-principal" });
    for (const finding of clusters[0].findings) {
      expect(finding).toMatchObject({
        check: expect.stringMatching(/^[A-Z]{2}\d{3}$/),
        severity: expect.any(String),
        seen: expect.any(String),
        remedy: expect.any(String),
        link: expect.stringMatching(/^https:/),
      });
    }
    expect(stderr).toContain("1 of 1 clusters assessed");
  });

  test("takes ids, and a subscription with group and name", async () => {
    const byId = await line.run(["assess", "--id", DEMO_CLUSTER, "-o", "json"]);
    const subscription = DEMO_CLUSTER.split("/")[2]!;
    const byName = await line.run([
      "assess",
      "-s",
      subscription,
      "-g",
      "RG-payments-prod",
      "-n",
      "payments-prod",
      "-o",
      "json",
    ]);
    expect(JSON.parse(byName.stdout)).toEqual(JSON.parse(byId.stdout));
    const elsewhere = await line.run(["assess", "-n", "no-such-cluster"]);
    expect([elsewhere.code, elsewhere.stderr.includes("There is no cluster no-such-cluster")]).toEqual([2, true]);
  });

  test("exits 9 when something at least as severe as --fail-on was found, and only then", async () => {
    const high = await line.run(["assess", "--fail-on", "high", "-o", "sarif"]);
    expect(high.code).toBe(9);
    expect(JSON.parse(high.stdout)).toMatchObject({ version: "2.1.0" });
    expect((await line.run(["assess", "--fail-on", "blocker"])).code).toBe(0);
    expect((await line.run(["assess", "--fail-on", "severe"])).code).toBe(2);
  });

  test("exits 3 when nobody is signed in", async () => {
    await line.control("POST", "/_emulator/faults", {
      match: { pathPattern: "^/subscriptions\\?" },
      fault: { status: 401 },
      times: 1,
    });
    const { code, stderr, stdout } = await line.run(["assess"]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("az login");
  });

  test("writes nothing to Azure", async () => {
    expect((await line.writes()).filter(({ path }) => !path.includes("getByIds"))).toEqual([]);
  });
});
