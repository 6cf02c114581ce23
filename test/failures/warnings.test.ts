import { describe, expect, test } from "vitest";
import { requiredPermissions } from "../../src/migration/required-permissions.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { Lab } from "../support/lab.ts";
import { changeCluster, keysOf, SUBSCRIPTION } from "./support.ts";

const VAULT = `${SUBSCRIPTION}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv-payments`;
const KEY = "https://kv-payments.vault.azure.net/keys/etcd/1";

/** What the plan of a lab's demo cluster says by one check. */
async function found(lab: Lab, check: string): Promise<string[]> {
  const plan = await lab.plan({ clusterIds: [DEMO_CLUSTER] });
  return plan.clusters[0]!.findings.filter((finding) => finding.check === check).map(
    ({ severity, seen }) => `${severity}: ${seen}`,
  );
}

const encrypting = (lab: Lab, kms: object) =>
  changeCluster(lab, () => ({ securityProfile: { azureKeyVaultKms: { enabled: true, keyId: KEY, ...kms } } }));

describe("a plan for a cluster that encrypts etcd with a key of its own", () => {
  test("warns where the cluster does not name the vault, which then gets no role", async () => {
    const lab = await Lab.open();
    expect(await found(lab, "RB009")).toEqual([]);
    await encrypting(lab, { keyVaultNetworkAccess: "Public" });
    expect(await found(lab, "RB009")).toEqual([
      "high: etcd is encrypted with a key in kv-payments, which the cluster names by its address alone: the plan gives the new identity no right on it",
    ]);
  });

  test("copies the role that the old principal holds on such a vault, and warns of nothing", async () => {
    const lab = await Lab.open();
    await encrypting(lab, { keyVaultNetworkAccess: "Public" });
    const principal = (await lab.plan()).clusters[0]!.from.servicePrincipal!.objectId;
    const assign = (guid: string, index: number) => ({
      id: `${VAULT}/providers/Microsoft.Authorization/roleAssignments/99999999-1111-4222-8333-44444444445${index}`,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        principalId: principal,
        roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
      },
    });
    await lab.control("POST", "/_emulator/resources", [assign("acdd72a7-3385-48ef-bd42-f606fba81ae7", 1)]);
    expect(await found(lab, "RB009")).toEqual([expect.stringMatching(/^high: /)]);
    await lab.control("POST", "/_emulator/resources", [assign("12338af0-0e69-4776-bea7-57ae8d297424", 2)]);
    expect(await found(lab, "RB009")).toEqual([]);
    expect(keysOf(await lab.plan())).toContain(`role:Key Vault Crypto User@${VAULT}→control-plane`);
  });

  test("gives a private vault's private link its role too, and says that the vault may decide otherwise", async () => {
    const lab = await Lab.open();
    await encrypting(lab, { keyVaultNetworkAccess: "Private", keyVaultResourceId: VAULT });
    const keys = keysOf(await lab.plan());
    expect(keys).toContain(`role:Key Vault Crypto User@${VAULT}→control-plane`);
    expect(keys).toContain(`role:Key Vault Contributor@${VAULT}→control-plane`);
    expect(await found(lab, "RB009")).toEqual([expect.stringMatching(/^medium: .*access policies is not assessed/)]);
  });
});

test("a plan names the tags by which code seems to manage the cluster", async () => {
  const lab = await Lab.open();
  expect(await found(lab, "RD011")).toEqual([]);
  await changeCluster(lab, () => ({}), { tags: { "managed-by": "Terraform" } });
  expect(await found(lab, "RD011")).toEqual(["high: code seems to manage the cluster (managed-by=Terraform)"]);
});

test("a plan says that a version is out of support, and that nobody told which are not", async () => {
  const lab = await Lab.open();
  expect(await found(lab, "RD003")).toEqual([]);
  await changeCluster(lab, () => ({ kubernetesVersion: "1.24.9", currentKubernetesVersion: "1.24.9" }));
  expect(await found(lab, "RD003")).toContain("high: Kubernetes 1.24 is out of support");
  const fault = { status: 403, code: "AuthorizationFailed", message: "No." };
  await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "/kubernetesVersions\\?" }, fault });
  expect(await found(lab, "RD003")).toContainEqual(expect.stringMatching(/^info: .*: not assessed$/));
});

test("a plan names the pod identity add-on, which takes requests for tokens from every pod", async () => {
  const lab = await Lab.open();
  expect(await found(lab, "WK004")).toEqual([]);
  await changeCluster(lab, () => ({ podIdentityProfile: { enabled: true } }));
  expect(await found(lab, "WK004")).toEqual([expect.stringMatching(/^critical: /)]);
});

test("a plan says of how many policy assignments the rules were not evaluated", async () => {
  const lab = await Lab.open();
  expect(await found(lab, "RD010")).toEqual([]);
  await lab.control("POST", "/_emulator/resources", [
    {
      id: `${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/tags`,
      type: "Microsoft.Authorization/policyAssignments",
      properties: {
        scope: SUBSCRIPTION,
        policyDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/own`,
      },
    },
  ]);
  expect(await found(lab, "RD010")).toEqual([
    "info: the rules of 1 policy assignment on the cluster are not evaluated: not assessed",
  ]);
});

test("the workspace of container insights is among the required permissions, however Azure writes the add-on's name", async () => {
  const lab = await Lab.open();
  const workspace = `${SUBSCRIPTION}/resourceGroups/rg-monitoring-prod/providers/Microsoft.OperationalInsights/workspaces/own`;
  await changeCluster(lab, () => ({
    addonProfiles: { omsAgent: { enabled: true, config: { logAnalyticsWorkspaceResourceId: workspace } } },
  }));
  const needed = requiredPermissions(await lab.plan({ clusterIds: [DEMO_CLUSTER] }));
  expect(needed).toContainEqual(
    expect.objectContaining({ action: "Microsoft.OperationalInsights/workspaces/sharedKeys/read", scope: workspace }),
  );
});
