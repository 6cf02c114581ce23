import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readPlanFile } from "../../src/plan/plan-file.ts";
import { verifyCommand } from "../../src/report/run-commands.ts";
import { InProcessCommandLine } from "../support/in-process.ts";

/** The words that a shell makes of the last command on a page. */
function lastCommand(page: string): string[] {
  const command = page.slice(page.lastIndexOf("\n  aks-mi "));
  const words = execFileSync(
    "sh",
    ["-c", `aks_mi() { printf '%s\\n' "$@"; }\n${command.replace("aks-mi", "aks_mi")}`],
    {
      encoding: "utf8",
    },
  );
  return words.trimEnd().split("\n");
}

it("makes the very plan that was shown, into a file, when its next command is pasted into a shell", async () => {
  const line = await InProcessCommandLine.open();
  const [clusterId] = await line.lab.clusterIds();
  const requests = line.file("requests.json");
  const choice = ["--id", clusterId!, "--kubelet-identity", "aks", "--identity-resource-group", "rg-identities"];
  const settings = ["--role-requests", requests, "--role-propagation", "90m", "--ignore-preflight", "RD009,RB014"];
  const shown = await line.run("plan", ...choice, ...settings);
  const [name, ...again] = lastCommand(shown.stdout);
  expect(name).toBe("plan");
  const file = line.file("plan.yaml");
  const made = await line.run("plan", ...again.with(-1, file));
  expect(made.code).toBe(shown.code);
  const hash = /Plan hash +(\w+)/.exec(shown.stdout)![1]!;
  expect(made.stdout).toContain(hash);
  expect(readFileSync(file, "utf8")).toContain("90m");
});

it("names the emulator and the state directory in the command that applies a plan", async () => {
  const line = await InProcessCommandLine.open();
  const file = line.file("my plan.yaml");
  const { stdout } = await line.run("plan", "--id", (await line.lab.clusterIds())[0]!, "--out", file);
  const words = lastCommand(stdout);
  expect(words.slice(0, 3)).toEqual(["apply", "--plan", file]);
  expect(words).toContain("--emulator");
  expect(words[words.indexOf("--state-dir") + 1]).toBe(line.file("state"));
});

it("names the cloud of the plan in the command that proves its clusters, unless it is the one that everybody means", () => {
  const plan = readPlanFile("plans/examples/system-assigned.yaml");
  const verify = (cloud: typeof plan.metadata.cloud) =>
    verifyCommand({ ...plan, metadata: { ...plan.metadata, cloud } }, { stateDir: ".aks-mi" });
  expect(verify("AzureUSGovernment")).toContain(" --cloud AzureUSGovernment");
  expect(verify("AzureCloud")).not.toContain("--cloud");
});
