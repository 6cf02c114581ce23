import { describe, expect, test } from "vitest";
import { assessEstate } from "../../src/assess/assess-estate.ts";
import { Lab } from "../support/lab.ts";

const CLIENT = "5e8a1c37-2b9f-4d60-b7c4-e1f3a60d9b25";

/** Puts Kubernetes objects into a cluster. */
async function putInside(lab: Lab, cluster: string, objects: Record<string, unknown>[]): Promise<void> {
  await lab.control(
    "POST",
    "/_emulator/resources",
    objects.map(({ kind, ...fields }, index) => ({
      type: `Kubernetes/${String(kind)}`,
      id: `object-${index}`,
      cluster,
      kind,
      ...fields,
    })),
  );
}

/** What an assessment with a look inside finds, when these objects are in the cluster. */
async function findingsWith(objects: Record<string, unknown>[], inCluster = true, behaviour = {}, scenario = "demo") {
  const lab = await Lab.open(behaviour, scenario);
  const [cluster] = await lab.clusterIds();
  await putInside(lab, cluster!, objects);
  const { clusters } = await assessEstate(
    lab.connection.azure(),
    { ids: [cluster!] },
    { cloud: "AzureCloud", now: lab.clock.now(), inCluster },
  );
  const { findings, notAssessed } = clusters[0]!;
  return {
    found: (check: string) => findings.filter((finding) => finding.check === check).map(({ seen }) => seen),
    severityOf: (check: string) => findings.find((finding) => finding.check === check)?.severity,
    notAssessed: notAssessed.map(({ check }) => check),
  };
}

const metadata = { name: "dns", namespace: "payments" };

describe("what only the inside of a cluster tells", () => {
  test("a disruption budget that allows no eviction is named before the nodes are drained", async () => {
    const budget = { kind: "PodDisruptionBudget", metadata, spec: { maxUnavailable: 0 } };
    const { found, severityOf } = await findingsWith([budget]);
    expect(found("RD005")).toEqual([expect.stringContaining("payments/dns")]);
    expect(severityOf("RD005")).toBe("blocker");
  });

  test("a pod that reads the nodes' azure.json is named before the nodes are re-imaged", async () => {
    const volumes = [{ name: "config", hostPath: { path: "/etc/kubernetes/azure.json" } }];
    const { found } = await findingsWith([{ kind: "Pod", metadata, spec: { volumes, containers: [] } }]);
    expect(found("WK001")).toEqual([expect.stringContaining("payments/dns")]);
  });

  test("a secret that holds a copy of the service principal is named, without what it holds", async () => {
    const data = {
      cloud: Buffer.from(`AZURE_CLIENT_ID=${CLIENT}\nAZURE_CLIENT_SECRET=hunter2`).toString("base64"),
    };
    const { found } = await findingsWith([{ kind: "Secret", metadata, data }]);
    expect(found("WK002")).toEqual([expect.stringContaining("Secret payments/dns")]);
    expect(found("WK002").join()).not.toContain("hunter2");
  });

  test("the open-source pod identity, which takes identities off nodes, is named", async () => {
    const definition = {
      kind: "CustomResourceDefinition",
      metadata: { name: "azureidentities.aadpodidentity.k8s.io" },
      spec: { group: "aadpodidentity.k8s.io", names: { kind: "AzureIdentity", plural: "azureidentities" } },
    };
    const identity = {
      kind: "AzureIdentity",
      apiVersion: "aadpodidentity.k8s.io/v1",
      metadata: { name: "kubelet", namespace: "payments" },
    };
    const { found, severityOf } = await findingsWith([definition, identity]);
    expect(found("WK005")).toEqual([expect.stringContaining("payments/kubelet")]);
    expect(severityOf("WK005")).toBe("critical");
  });

  test("a Service with an address in another resource group, and shares there, are found on a switched cluster", async () => {
    const annotations = { "service.beta.kubernetes.io/azure-load-balancer-resource-group": "rg-addresses" };
    const { found } = await findingsWith(
      [
        { kind: "Service", metadata: { ...metadata, annotations }, spec: { type: "LoadBalancer" } },
        {
          kind: "StorageClass",
          metadata: { name: "shares" },
          provisioner: "file.csi.azure.com",
          parameters: { resourceGroup: "rg-files" },
        },
      ],
      true,
      {},
      "half-migrated",
    );
    expect(found("RB005").join()).toMatch(/payments\/dns.*rg-addresses|rg-addresses.*payments\/dns/);
    expect(found("RB007").join()).toMatch(/shares.*rg-files|rg-files.*shares/);
  });

  test("an admission webhook that is asked about evictions is named before the nodes are drained", async () => {
    const webhook = (name: string, rule: object) => ({
      kind: "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [{ rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], ...rule }] }],
    });
    const { found, severityOf } = await findingsWith([
      webhook("strimzi-drain-cleaner", { resources: ["pods/eviction"] }),
      webhook("everything", { apiGroups: ["*"], operations: ["*"], resources: ["*/*"] }),
      webhook("pods-alone", { resources: ["pods"] }),
      webhook("deletions", { operations: ["DELETE"], resources: ["pods/eviction"] }),
      webhook("of-another-group", { apiGroups: ["apps"], resources: ["*/*"] }),
    ]);
    expect(found("RD005")).toEqual([
      expect.stringContaining("the validating webhook everything, strimzi-drain-cleaner is asked about each eviction"),
    ]);
    expect(severityOf("RD005")).toBe("medium");
  });

  test("is said to be not assessed where nobody looked, and pods that ask the metadata service for any identity always", async () => {
    const without = await findingsWith([], false);
    expect(without.notAssessed).toEqual(expect.arrayContaining(["WK001", "WK002", "WK005", "WK007", "RB007", "RD005"]));
    const { notAssessed } = await findingsWith([]);
    expect(notAssessed).toContain("WK007");
    expect(notAssessed).not.toContain("WK001");
  });

  test("a plan that looks inside is blocked by a budget that allows no eviction, and by a registry that nobody named", async () => {
    const lab = await Lab.open();
    const [cluster] = await lab.clusterIds();
    const containers = [{ name: "api", image: "contosopayments.azurecr.io/api:1" }];
    await putInside(lab, cluster!, [
      { kind: "PodDisruptionBudget", metadata, spec: { maxUnavailable: 0 } },
      { kind: "Pod", metadata: { name: "api", namespace: "payments" }, spec: { containers } },
    ]);
    const { findings } = (await lab.plan({ inCluster: true })).clusters[0]!;
    const blockers = findings
      .filter(({ severity }) => severity === "blocker")
      .map(({ check, seen }) => `${check} ${seen}`);
    expect(blockers).toEqual([
      expect.stringMatching(/^RD005 .*payments\/dns/),
      expect.stringMatching(/^RB011 .*contosopayments\.azurecr\.io/),
    ]);
    expect((await lab.plan()).clusters[0]!.blocked).toBeUndefined();
  });
});
