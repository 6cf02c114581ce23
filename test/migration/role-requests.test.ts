import { describe, expect, test } from "vitest";
import { roleRequests } from "../../src/migration/role-requests.ts";
import { type Grantee, parseRoleKey, roleKey } from "../../src/plan/change-keys.ts";
import { readPlanFile } from "../../src/plan/plan-file.ts";

const plan = readPlanFile("plans/examples/system-assigned.yaml");
const ZONE =
  "/subscriptions/3f0b6c1e-9a54-4d1c-8f27-5b1d7c0a9e01/resourceGroups/g/providers/Microsoft.Network/dnsZones/z";

/** The command that the request for one role of a plan has. */
function commandFor(who: Grantee): string {
  const key = roleKey({ role: "DNS Zone Contributor", scope: ZONE, who });
  const change = { key, summary: "", reason: "why", risk: "additive" as const };
  const [cluster] = plan.clusters;
  const steps = [{ id: "grant-addon-roles" as const, changes: [change] }];
  const [request] = roleRequests({ ...plan, clusters: [{ ...cluster!, steps }] });
  expect(request).toMatchObject({ cluster: cluster!.id, role: "DNS Zone Contributor", scope: ZONE, reason: "why" });
  return request!.command;
}

describe("a role request", () => {
  test.each([
    ["control-plane", "identity.principalId"],
    ["kubelet", "identityProfile.kubeletidentity.objectId"],
    ["addon:omsagent", "addonProfiles.omsagent.identity.objectId"],
    ["addon:webAppRouting", "ingressProfile.webAppRouting.identity.objectId"],
  ] as const)("looks up the identity of %s where Azure shows it", (who, query) => {
    expect(commandFor(who)).toContain(`--query ${query} -o tsv`);
  });
});

test("the key of a role assignment reads back as it was written, and no other key reads as one", () => {
  for (const role of ["AcrPull", "Custom role of admin@contoso.com"]) {
    const key = { role, scope: ZONE, who: "addon:omsagent" } as const;
    expect(parseRoleKey(roleKey(key))).toEqual(key);
  }
  for (const other of ["switch:/subscriptions/s", "roll:system", "identity:kubelet", "gap:kubelet"])
    expect(parseRoleKey(other)).toBeUndefined();
});
