import { describe, expect, it } from "vitest";
import { foldEvents } from "../../src/report/fold-events.ts";
import { listSnippets, targetIds } from "../../src/report/snippets.ts";
import { buildPlan, CLUSTER, KUBELET_ID } from "./fixtures.ts";
import { FINISHED } from "./run-fixtures.ts";

const plan = buildPlan();
const finished = foldEvents(plan, FINISHED);

describe("the snippets", () => {
  const [terraform, bicep, azureCli] = listSnippets(
    plan.clusters[0]!,
    targetIds(plan.clusters[0]!, finished.clusters[0]),
  );
  const controlPlane = KUBELET_ID.replace("-kubelet", "");

  it("keep Terraform from replacing the cluster", () => {
    expect(terraform!.code).toContain(`identity_ids = ["${controlPlane}"]`);
    expect(terraform!.code).toContain("ignore_changes = [kubelet_identity]");
    expect(terraform!.code).not.toContain("service_principal");
  });

  it("have the client id msi and both identities in Bicep", () => {
    expect(bicep!.code).toContain("servicePrincipalProfile: { clientId: 'msi' }");
    expect(bicep!.code).toContain(`userAssignedIdentities: { '\${controlPlane.id}': {} }`);
    expect(bicep!.code).toContain("resourceId: kubelet.id");
  });

  it("have this cluster's ids in az", () => {
    expect(azureCli!.code).toContain(`az aks show --ids ${CLUSTER}`);
    expect(azureCli!.code).toContain(`--assign-kubelet-identity ${KUBELET_ID}`);
  });

  it("leave out what a system-assigned cluster has not got", () => {
    const cluster = buildPlan({ target: {} }).clusters[0]!;
    const codes = listSnippets(cluster, targetIds(cluster)).map(({ code }) => code);
    expect(codes[0]).toContain('type = "SystemAssigned"');
    expect(codes[1]).not.toMatch(/userAssigned|kubelet/);
    expect(codes[2]).not.toMatch(/--assign/);
  });

  it("quote what a template language would run", () => {
    const id = CLUSTER.replace("payments-prod", `a'\${b}"c`);
    const codes = listSnippets({ ...plan.clusters[0]!, id }, { controlPlane: `${id}/x` }).map(({ code }) => code);
    expect(codes[0]).toContain("a'$${b}\\\"c");
    expect(codes[1]).toContain(`name: 'a\\'\\\${b}"c'`);
    expect(codes[2]).toContain("'\\''");
  });
});
