import { describe, expect, test } from "vitest";
import { assessEstate } from "../../src/assess/assess-estate.ts";
import { renderAssessmentMarkdown } from "../../src/assess/render/markdown.ts";
import { renderAssessmentSarif } from "../../src/assess/render/sarif.ts";
import { renderAssessmentTable } from "../../src/assess/render/table.ts";
import { Lab } from "../support/lab.ts";
import { base64, clientIdOf, clusters, object, PLANTED, pod, putObjects, secret } from "./objects.ts";

const INSIDE = ["WK001", "WK002", "WK003", "WK005", "WK006", "RB005", "RB006", "RB007", "RB011", "RD005"];

async function assess(lab: Lab, inCluster = true) {
  const assessment = await assessEstate(
    lab.connection.azure(),
    { ids: [] },
    { cloud: "AzureCloud", now: lab.clock.now(), inCluster },
  );
  const { findings, notAssessed } = assessment.clusters[0]!;
  const inside = ({ check }: { check: string }) => INSIDE.includes(check);
  return {
    assessment,
    found: findings.filter(inside).map(({ check, severity, seen }) => `${check} ${severity}: ${seen}`),
    gaps: notAssessed.filter(inside).map(({ check, reason }) => `${check}: ${reason}`),
  };
}

async function runs(lab: Lab) {
  return (await lab.requests()).filter(({ path }) => /\/runCommand/i.test(path));
}

function configOf(signIn: object): string {
  return JSON.stringify({ auths: { "shop.azurecr.io": signIn } });
}

describe("inside a cluster", () => {
  test("nothing is looked at unless that is asked for", async () => {
    const lab = await Lab.open();
    await assess(lab, false);
    expect(await runs(lab)).toEqual([]);
  });

  test("nothing is found in a cluster where nothing is", async () => {
    const lab = await Lab.open();
    await putObjects(lab, [
      object("PodDisruptionBudget", "fine", { spec: { minAvailable: 1 }, status: { disruptionsAllowed: 1 } }),
      object("PodDisruptionBudget", "of-nothing", { status: { disruptionsAllowed: 0, expectedPods: 0 } }),
      object(
        "Pod",
        "csi-azuredisk-node-abcde",
        { spec: { volumes: [{ hostPath: { path: "/etc/kubernetes/" } }] } },
        { namespace: "kube-system", labels: { "kubernetes.azure.com/managedby": "aks" } },
      ),
      secret("other", { password: PLANTED, user: "someone" }),
      object("StorageClass", "default", { provisioner: "disk.csi.azure.com", parameters: { skuName: "Premium_LRS" } }),
    ]);
    const { found, gaps } = await assess(lab);
    expect(found).toEqual([]);
    expect(gaps).toEqual([]);
  });

  test("what leans on the service principal is named, and what secrets hold comes out nowhere", async () => {
    const lab = await Lab.open();
    const clientId = await clientIdOf(lab);
    await putObjects(lab, [
      object("PodDisruptionBudget", "api", { spec: { minAvailable: 1 }, status: { disruptionsAllowed: 0 } }),
      object("PodDisruptionBudget", "db", { spec: { maxUnavailable: "0%" }, status: { disruptionsAllowed: 0 } }),
      pod("dns", { volumes: [{ hostPath: { path: "/etc/kubernetes/azure.json" } }] }),
      pod("files", { volumes: [{ hostPath: { path: "/etc/kubernetes/" } }] }),
      pod("job", { containers: [{ name: "main", env: [{ name: "AZURE_CLIENT_ID", value: clientId.toUpperCase() }] }] }),
      secret("azure-config", { "azure.json": JSON.stringify({ aadClientId: clientId, aadClientSecret: PLANTED }) }),
      object("ConfigMap", "settings", { data: { url: `https://login/${clientId}`, note: PLANTED } }),
      secret("pull", { ".dockerconfigjson": configOf({ username: clientId, password: PLANTED }) }),
      secret("pull-auth", { ".dockerconfigjson": configOf({ auth: base64(`${clientId}:${PLANTED}`) }) }),
    ]);
    const { found, gaps, assessment } = await assess(lab);
    expect(found).toEqual([
      "RD005 blocker: the disruption budget shop/db forbids every eviction (maxUnavailable 0): Azure refuses to drain the nodes",
      "RD005 blocker: the disruption budget shop/api allows no eviction now: the drain of its pods' nodes would run into its timeout",
      "WK001 high: shop/dns, shop/files mounts the nodes' own credentials (/etc/kubernetes): after the switch there is no secret in them",
      "WK002 high: the old client id stands in Secret shop/azure-config, ConfigMap shop/settings, containers of shop/job",
      "WK003 high: the pull secret shop/pull, shop/pull-auth signs in with the old service principal",
    ]);
    expect(gaps).toEqual([]);
    for (const render of [renderAssessmentTable, renderAssessmentMarkdown, JSON.stringify])
      expect(render(assessment)).not.toContain(PLANTED);
    expect(renderAssessmentSarif(assessment, "test")).not.toContain(PLANTED);
    expect(JSON.stringify(assessment)).not.toContain(base64(PLANTED).slice(0, 20));
    expect(JSON.stringify(await lab.requests())).not.toContain(PLANTED);
  });

  test("what does not fit into one answer of the run command is asked for packed", async () => {
    const lab = await Lab.open();
    const clientId = await clientIdOf(lab);
    await putObjects(lab, [
      object("ConfigMap", "large", { data: { text: "x".repeat(600 * 1024) } }),
      object("ConfigMap", "settings", { data: { url: `https://login/${clientId}` } }),
    ]);
    const { found, gaps } = await assess(lab);
    expect(found).toEqual(["WK002 high: the old client id stands in ConfigMap shop/settings"]);
    expect(gaps).toEqual([]);
    const packed = (await runs(lab)).filter(({ body }) => JSON.stringify(body ?? "").includes("gzip"));
    expect(packed).toHaveLength(1);
  });

  test("the open-source pod identity is critical in use, and low where only its definitions are left", async () => {
    const lab = await Lab.open();
    const definition = (name: string) => object("CustomResourceDefinition", name, {}, { namespace: undefined });
    await putObjects(lab, [
      definition("azureidentities.aadpodidentity.k8s.io"),
      definition("secretproviderclasses.secrets-store.csi.x-k8s.io"),
      object("SecretProviderClass", "vault", { spec: { parameters: { usePodIdentity: "true", keyvaultName: "kv" } } }),
      object("SecretProviderClass", "modern", { spec: { parameters: { usePodIdentity: "false" } } }),
    ]);
    expect((await assess(lab)).found).toEqual([
      "WK006 high: shop/vault reads key vaults through pod identity or the old service principal",
      "WK005 low: definitions of the open-source pod identity are left over: azureidentities.aadpodidentity.k8s.io",
    ]);
    const [cluster] = await lab.clusterIds();
    const identity = { id: "identity", type: "Kubernetes/AzureIdentity", cluster, ...object("AzureIdentity", "shop") };
    await lab.control("POST", "/_emulator/resources", [identity]);
    expect((await assess(lab)).found[0]).toBe(
      "WK005 critical: workloads use the open-source pod identity, which nobody supports any more: AzureIdentity shop/shop",
    );
  });
});

describe("what cannot be looked at is never healthy", () => {
  const NOTHING = ["WK001", "WK002", "WK003", "WK005", "WK006", "RB005", "RB006", "RB007", "RD005"];
  const checksOf = (gaps: readonly string[]) => gaps.map((gap) => gap.split(":")[0]);

  test("where the run command is refused, each check says so", async () => {
    const lab = await Lab.open();
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "/runCommand" }, fault, times: 99 });
    const { found, gaps } = await assess(lab);
    expect(found).toEqual([]);
    expect(checksOf(gaps)).toEqual(NOTHING);
    expect(gaps[0]).toContain("you may not read the inside of the cluster (run command) (AuthorizationFailed)");
  });

  test("where the run command is off, nothing is sent and each check says so", async () => {
    const lab = await Lab.open();
    const [cluster] = await clusters(lab);
    const properties = { ...cluster!.properties, apiServerAccessProfile: { disableRunCommand: true } };
    await lab.control("POST", "/_emulator/resources", [{ ...cluster, properties }]);
    const { gaps } = await assess(lab);
    expect(checksOf(gaps)).toEqual(NOTHING);
    expect(gaps[0]).toContain("the cluster's run command is off");
    expect(await runs(lab)).toEqual([]);
  });

  test("a lost request is sent again", async () => {
    const lab = await Lab.open();
    const match = { method: "POST", pathPattern: "/runCommand" };
    await lab.control("POST", "/_emulator/faults", { match, fault: { drop: "before" }, times: 2 });
    expect((await assess(lab)).gaps).toEqual([]);
  });

  test("on managed identity nobody knows the old client id, and the rights elsewhere are measured", async () => {
    const lab = await Lab.open({}, "system-assigned");
    await putObjects(lab, [
      object(
        "Service",
        "front",
        { spec: { type: "LoadBalancer" } },
        {
          annotations: { "service.beta.kubernetes.io/azure-load-balancer-resource-group": "rg-addresses" },
        },
      ),
      object(
        "Service",
        "inner",
        { spec: { type: "ClusterIP" } },
        {
          annotations: { "service.beta.kubernetes.io/azure-load-balancer-resource-group": "rg-addresses" },
        },
      ),
      object("StorageClass", "shared", {
        provisioner: "file.csi.azure.com",
        parameters: { ResourceGroup: "rg-storage", storageAccount: "shared" },
      }),
      object("PersistentVolume", "old-disk", {
        spec: {
          csi: {
            driver: "disk.csi.azure.com",
            volumeHandle: `${(await lab.clusterIds())[0]!.split("/").slice(0, 3).join("/")}/resourceGroups/rg-disks/providers/Microsoft.Compute/disks/old`,
          },
        },
      }),
      pod("web", { containers: [{ name: "main", image: "elsewhere.azurecr.io/web:1" }] }),
    ]);
    const { found, gaps } = await assess(lab);
    expect(found).toEqual([
      "RB005 high: Service shop/front names rg-addresses, where the control-plane identity may not do Microsoft.Network/publicIPAddresses/join/action",
      "RB007 high: StorageClass shop/shared names rg-storage, where the control-plane identity may not do Microsoft.Storage/storageAccounts/listKeys/action",
      "RB006 high: PersistentVolume shop/old-disk names old, where the control-plane identity may not do Microsoft.Compute/disks/write",
    ]);
    expect(checksOf(gaps)).toEqual(["RB011", "WK002", "WK003"]);
    expect(gaps[0]).toContain("elsewhere.azurecr.io: it is no registry of the cluster's subscription");
  });
});
