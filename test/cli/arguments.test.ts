import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InProcessCommandLine } from "../support/in-process.ts";

let line: InProcessCommandLine;
let id: string;

beforeAll(async () => {
  line = await InProcessCommandLine.openForAll({}, "kubenet-plain");
  id = (await line.lab.clusterIds())[0]!;
});

afterAll(() => line.close());

describe("flags before a command's name", () => {
  it("act on the command, like those behind it", async () => {
    const elsewhere = line.file("elsewhere");
    expect(await line.run("--state-dir", elsewhere, "status")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`There is no run in ${elsewhere}.`),
    });
    expect((await line.run("--emulator", "azure", "assess")).stderr).toContain('not "azure"');
  });

  it("give way to the same flags behind it", async () => {
    const { stderr } = await line.run("--state-dir", line.file("one"), "status", "--state-dir", line.file("two"));
    expect(stderr).toContain(`There is no run in ${line.file("two")}.`);
  });

  it("are refused where the command has none of that name", async () => {
    expect(await line.run("--max-duration", "5m", "status")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'status' has no option '--max-duration'"),
    });
  });
});

const REFUSED: readonly [what: string, args: (id: string) => string[], says: string][] = [
  ["a word too many", () => ["plan", "payments-prod"], "too many arguments for 'plan'"],
  ["an empty flag", () => ["plan", "-s", "s", "-g", ""], "'-g, --resource-group <name>' is empty"],
  ["an empty flag among several", () => ["plan", "--id", id, "--id", ""], "'--id <resource id>' is empty"],
  ["an unknown check", () => ["plan", "--id", id, "--ignore-preflight", "RD008,XX1"], '"XX1" is no check'],
  ["a registry's name", () => ["plan", "--id", id, "--registry", "contoso"], '--registry does not take "contoso"'],
  ["AKS's own group", () => ["plan", "--id", id, "--identity-resource-group", "MC_a_b_c"], "AKS owns"],
  ["a time too fast for an emulator", () => ["demo", "--time-scale", "3600000"], "1000000 at most"],
  [
    "a file that is not there",
    () => ["apply", "--plan", "p.yaml"],
    "p.yaml cannot be read: ENOENT: no such file or directory (USAGE)",
  ],
  [
    "an id, and a group that it is not looked for in",
    () => ["plan", "--id", id, "-g", "g"],
    "cannot be used with option",
  ],
  ["an id, and a name", () => ["assess", "--id", id, "-n", "n"], "cannot be used with option '-n, --name <name>'"],
  ["a plan and a run", () => ["report", "--plan", "p.yaml", "r1"], "A plan file or a run"],
  ["a role as a page", () => ["plan", "--id", id, "--required-permissions", "-o", "html"], "prints JSON"],
  ["a port that there is not", () => ["emulator", "--port", "65536"], "a port from 0 to 65535"],
  ["no client id", () => ["verify", "--id", id, "--service-principal", "sp"], "must be a client id"],
];

describe("arguments that mean nothing", () => {
  it.each(REFUSED)("are refused, and named: %s", async (_, args, says) => {
    const { code, stderr, stdout } = await line.run(...args(id));
    expect(stderr).toContain(says);
    expect(code).toBe(2);
    expect(stdout).toBe("");
  });
});

describe("a demo", () => {
  it("says where its run cannot be kept", async () => {
    const { code, stderr } = await line.run("demo", "--no-prompt", "--state-dir", join(import.meta.filename, "state"));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/Nothing can be kept in \S+state: .*\(STATE_UNWRITABLE\)/),
    ]);
  });
});

describe("an environment variable that is empty", () => {
  it("is one that is not set", async () => {
    const unnamed = { AKS_MI_EMULATOR: "", AKS_MI_STATE_DIR: "" };
    const status = await line.runIn({ env: unnamed }, "status", "r1");
    expect([status.code, status.stderr]).toEqual([2, expect.stringContaining('no run "r1" in .aks-mi.')]);
    await line.run("plan", "--id", id, "--out", line.file("p.yaml"));
    const apply = await line.runIn({ env: unnamed }, "apply", "--plan", line.file("p.yaml"));
    expect([apply.code, apply.stderr]).toEqual([5, expect.stringContaining("on an emulator, and none is named")]);
  });
});

describe("help", () => {
  it.each([
    ["help", "plan"],
    ["plan", "--help"],
  ])("shows defaults and what is required: %s %s", async (...args) => {
    const { code, stdout } = await line.run(...args);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: aks-mi plan");
    expect(stdout).not.toContain("[]");
  });

  it("stays within 80 columns, and says which flags are required", async () => {
    const { stdout } = await line.run("apply", "--help");
    expect(stdout).toMatch(/--plan <file> +the plan to run \(required\)/);
    for (const text of [stdout, (await line.run("plan", "--help")).stdout])
      for (const row of text.split("\n")) expect(row.length, row).toBeLessThanOrEqual(80);
  });
});
