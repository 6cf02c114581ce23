import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandLine, DEMO_CLUSTER } from "../support/cli.ts";

const OPERATOR = { objectId: "11111111-2222-4333-8444-555555555555", name: "operator", type: "User" };

let line: CommandLine;
beforeEach(async () => {
  line = await CommandLine.open();
});
afterEach(() => line.close());

interface CustomRole {
  readonly Actions: string[];
  readonly AssignableScopes: string[];
}

describe("an operator", () => {
  test("who holds just the role that --required-permissions prints can apply the plan", async () => {
    const printed = await line.run(["plan", "--id", DEMO_CLUSTER, "--required-permissions"]);
    expect(printed.code, printed.stderr).toBe(0);
    const role = JSON.parse(printed.stdout) as CustomRole;
    expect(role.Actions).toContain("Microsoft.Authorization/roleAssignments/write");
    const roleId = "aaaaaaaa-1111-4222-8333-444444444444";
    await line.control("POST", "/_emulator/resources", [
      {
        id: `/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
        type: "Microsoft.Authorization/roleDefinitions",
        name: roleId,
        properties: {
          roleName: "aks-mi operator",
          type: "CustomRole",
          permissions: [{ actions: role.Actions, notActions: [], dataActions: [], notDataActions: [] }],
        },
      },
    ]);
    const roles = [...role.AssignableScopes.map((scope) => ({ role: roleId, scope })), { role: "Reader", scope: "/" }];
    await line.control("PATCH", "/_emulator/behaviour", { caller: { ...OPERATOR, roles } });
    const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml"]);
    expect(planned.code, planned.stdout).toBe(0);
    const applied = await line.run(["apply", "--plan", "plan.yaml", "--yes", "--until", "verify-migration"]);
    expect(applied.code, applied.stderr).toBe(8);
  });

  test("who may only read is told what is missing before anything is written", async () => {
    await line.control("PATCH", "/_emulator/behaviour", {
      caller: { ...OPERATOR, roles: [{ role: "Reader", scope: "/" }] },
    });
    const planned = await line.run(["plan", "--id", DEMO_CLUSTER, "--out", "plan.yaml", "-o", "json"]);
    expect(planned.code).toBe(4);
    const { findings } = JSON.parse(planned.stdout).clusters[0];
    expect(findings).toContainEqual(expect.objectContaining({ check: "RB014", severity: "blocker" }));
    expect((await line.run(["apply", "--plan", "plan.yaml", "--yes"])).code).toBe(4);
    expect(await line.writes()).toEqual([]);
  });

  test("who may not assign roles waits for someone else to make the assignments", async () => {
    const roles = ["Contributor", "Managed Identity Operator"].map((role) => ({ role, scope: "/" }));
    await line.control("PATCH", "/_emulator/behaviour", { caller: { ...OPERATOR, roles } });
    const planned = await line.run([
      "plan",
      "--id",
      DEMO_CLUSTER,
      "--out",
      "plan.yaml",
      "--role-requests",
      "requests.json",
    ]);
    expect(planned.code, planned.stdout).toBe(0);
    const { requests } = JSON.parse(readFileSync(join(line.folder, "requests.json"), "utf8")) as {
      requests: { role: string; scope: string; command: string }[];
    };
    expect(requests.map(({ role }) => role)).toContain("AcrPull");

    const started = line.start(["apply", "--plan", "plan.yaml", "--yes", "--until", "enable-managed-identity"]);
    let stderr = "";
    await new Promise<void>((waits) =>
      started.process.stderr!.on("data", (data: Buffer) => {
        stderr += data.toString();
        if (stderr.includes("Someone who may has to")) waits();
      }),
    );
    const principals = new Map<string, string>();
    for (const resource of await line.control<{ type: string; name: string; properties: { principalId: string } }[]>(
      "GET",
      "/_emulator/resources",
    )) {
      if (/userAssignedIdentities$/i.test(resource.type))
        principals.set(resource.name, resource.properties.principalId);
    }
    const definitions: Record<string, string> = {
      "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
      "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
      AcrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
      Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
      "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    };
    const { now } = await line.control<{ now: string }>("GET", "/_emulator/clock");
    await line.control(
      "POST",
      "/_emulator/resources",
      requests
        .filter(({ command }) => command.includes("az identity show"))
        .map(({ role, scope, command }, index) => ({
          id: `${scope}/providers/Microsoft.Authorization/roleAssignments/bbbbbbbb-1111-4222-8333-44444444444${index}`,
          type: "Microsoft.Authorization/roleAssignments",
          properties: {
            roleDefinitionId: `/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/providers/Microsoft.Authorization/roleDefinitions/${definitions[role]}`,
            principalId: principals.get(/--ids \S*\/([^\s/]+)/.exec(command)![1]!),
            scope,
            createdOn: now,
            updatedOn: now,
          },
        })),
    );
    const ended = await started.ended;
    expect(ended.code, ended.stderr).toBe(8);
    const written = (await line.writes()).filter(({ path }) => /roleAssignments/i.test(path));
    expect(written).toEqual([]);
    const { now: end } = await line.control<{ now: string }>("GET", "/_emulator/clock");
    expect(Date.parse(end) - Date.parse(now)).toBeGreaterThanOrEqual(60 * 60 * 1000);
  });
});
