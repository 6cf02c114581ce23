import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { expect, it } from "vitest";
import { InProcessCommandLine } from "../support/in-process.ts";

it.each([
  "markdown",
  "html",
  "json",
])("report of a plan as %s has no subscription id where it is to be masked", async (output) => {
  const line = await InProcessCommandLine.open();
  const render = (...flags: string[]) =>
    line.run("report", "--plan", "plans/examples/system-assigned.yaml", "-o", output, ...flags);
  const plain = await render();
  const [subscription] = /(?<=\/subscriptions\/)[0-9a-f-]{36}/.exec(plain.stdout)!;
  const masked = await render("--mask");
  expect(masked.code).toBe(0);
  expect(masked.stdout).not.toContain(subscription);
  expect(masked.stdout).toContain("/subscriptions/subscription-1/");
});

it("a run whose report cannot be written ends as it has, and says what is missing", async () => {
  const line = await InProcessCommandLine.open();
  const plan = await line.makePlan();
  const until = ["--until", "enable-managed-identity"];
  await line.run("apply", "--plan", plan, "--yes", ...until);
  const [run] = readdirSync(line.file("state/runs"));
  const report = line.file(`state/runs/${run}/report.md`);
  rmSync(report);
  mkdirSync(`${report}/in-the-way`, { recursive: true });
  const { code, stderr } = await line.run("resume", ...until);
  expect(stderr).toContain("Paused: The run was to stop before enable-managed-identity.");
  expect(stderr).toMatch(/Its report is missing: Nothing can be kept in .*/);
  expect(stderr).toContain("Next: aks-mi resume");
  expect(code).toBe(8);
});
