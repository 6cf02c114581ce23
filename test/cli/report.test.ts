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
