import { describe, expect, test } from "vitest";
import { openWorld, type World } from "../branches/support.ts";

/** The clusters that there is something to be seen of: on its service principal, half migrated, and finished. */
const SCENARIOS = ["demo", "half-migrated", "system-assigned"] as const;

/** What the caller may not read. */
const REFUSED = {
  Graph: { behaviour: { graphDenied: true } },
  "role assignments": { pathPattern: "roleAssignments(\\?|/)" },
  "scale sets": { pathPattern: "virtualMachineScaleSets" },
  "the run command": { pathPattern: "runCommand" },
} as const;

async function open(scenario: string, refused: keyof typeof REFUSED): Promise<World> {
  const world = await openWorld({ scenario });
  const what: { behaviour?: object; pathPattern?: string } = REFUSED[refused];
  if (what.behaviour) await world.lab.control("PATCH", "/_emulator/behaviour", what.behaviour);
  else {
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    const match = { pathPattern: what.pathPattern };
    await world.lab.control("POST", "/_emulator/faults", { match, fault, times: 1_000_000 });
  }
  return world;
}

/** The checks that could not be made. @param flags what else the command is told */
async function assess({ line, cluster }: World, ...flags: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await line.run("assess", "--id", cluster, ...flags, "-o", "json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).clusters[0].notAssessed.map(({ check }: { check: string }) => check);
}

async function verify({ line, cluster }: World) {
  const { code, stdout } = await line.run("verify", "--id", cluster, "--in-cluster", "--yes", "-o", "json");
  const [verified] = JSON.parse(stdout).clusters;
  const notAssessed = verified.notAssessed.map(({ check }: { check: string }) => check) as string[];
  return { code, complete: verified.complete as boolean, notAssessed, pools: verified.pools as { evidence: string }[] };
}

async function plan({ line, cluster }: World) {
  const { code, stdout, stderr } = await line.run("plan", "--id", cluster, "--in-cluster", "--yes", "-o", "json");
  const made = code === 0 || code === 4 ? JSON.parse(stdout).clusters[0] : undefined;
  const seen = (made?.findings ?? []).map(
    (finding: { check: string; severity: string; seen: string }) =>
      `${finding.check} ${finding.severity}: ${finding.seen}`,
  ) as string[];
  return { code, stderr, path: made?.path as string | undefined, seen };
}

/** The checks that `assess` cannot make without it, by scenario: each has to be listed as not assessed. */
const ASSESSED_BY: Record<keyof typeof REFUSED, Partial<Record<(typeof SCENARIOS)[number], string[]>>> = {
  Graph: { demo: ["ID003", "ID004", "ID006", "RB013"] },
  "role assignments": {
    demo: ["ID006", "RB013", "RB015"],
    "half-migrated": ["ID012", "RB011"],
    "system-assigned": ["RB011"],
  },
  "scale sets": { "half-migrated": ["ID002"], "system-assigned": ["ID002"] },
  "the run command": Object.fromEntries(SCENARIOS.map((name) => [name, ["WK001", "WK002", "WK005", "RB005", "RB007"]])),
};

describe.each(Object.keys(REFUSED) as (keyof typeof REFUSED)[])("without %s", (refused) => {
  test.each(SCENARIOS)("assess lists of %s what it could not look at", async (scenario) => {
    const flags = refused === "the run command" ? ["--in-cluster", "--yes"] : [];
    const notAssessed = await assess(await open(scenario, refused), ...flags);
    expect(notAssessed).toEqual(expect.arrayContaining(ASSESSED_BY[refused][scenario] ?? []));
  });
});

describe("plan", () => {
  test("without Graph says that the old roles are not known, and is blocked for want of a registry", async () => {
    const { code, seen } = await plan(await open("demo", "Graph"));
    expect(code).toBe(4);
    expect(seen).toContainEqual(expect.stringMatching(/^RB013 high: Microsoft Graph does not let you/));
    expect(seen).toContainEqual(expect.stringMatching(/^RB011 blocker: nobody knows which registries/));
  });

  test.each(SCENARIOS)("without role assignments refuses to be made for %s", async (scenario) => {
    const { code, stderr } = await plan(await open(scenario, "role assignments"));
    expect(code).toBe(3);
    expect(stderr).toMatch(/AuthorizationFailed \(HTTP 403\).*→ Ask for a role/s);
  });

  test.each([
    "half-migrated",
    "system-assigned",
  ])("without scale sets does not take %s for finished", async (scenario) => {
    const { path } = await plan(await open(scenario, "scale sets"));
    expect(path).not.toBe("none");
    expect(path).toBeDefined();
  });

  test("without the run command says that nothing inside was assessed", async () => {
    const { seen } = await plan(await open("demo", "the run command"));
    for (const check of ["RD005", "WK001", "WK002"])
      expect(seen).toContainEqual(expect.stringMatching(new RegExp(`^${check} info: .*not assessed`)));
  });
});

describe("verify", () => {
  test.each([
    "half-migrated",
    "system-assigned",
  ])("without scale sets calls %s not complete: no node is proven", async (scenario) => {
    const { code, complete, notAssessed, pools } = await verify(await open(scenario, "scale sets"));
    expect({ code, complete }).toEqual({ code: 9, complete: false });
    expect(notAssessed).toContain("PM002");
    expect(new Set(pools.map(({ evidence }) => evidence))).toEqual(new Set(["unknown"]));
  });

  test("without scale sets says so to people too", async () => {
    const { line, cluster } = await open("system-assigned", "scale sets");
    const { stdout } = await line.run("verify", "--id", cluster);
    expect(stdout).toMatch(/: not proven \(/);
    expect(stdout).not.toMatch(/: complete/);
  });

  test("without the run command has not looked whether pods pull", async () => {
    const { notAssessed } = await verify(await open("system-assigned", "the run command"));
    expect(notAssessed).toContain("PM003");
  });

  test.each([
    "Graph",
    "role assignments",
  ] as const)("without %s has not looked who used the old principal", async (refused) => {
    const { notAssessed } = await verify(await open("half-migrated", refused));
    expect(notAssessed).toContain("PM005");
  });
});
