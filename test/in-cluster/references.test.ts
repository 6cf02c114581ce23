import { expect, test } from "vitest";
import { findOutsideReferences } from "../../src/in-cluster/references.ts";
import { object } from "./objects.ts";

const SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111";
const NODE_GROUP = `${SUBSCRIPTION}/resourceGroups/MC_shop`;
const NETWORK = `${SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet`;
const COMPUTE = `${SUBSCRIPTION}/resourceGroups/rg-disks/providers/Microsoft.Compute`;
const OTHER = "22222222-2222-4222-8222-222222222222";

/** What an object names elsewhere, as `check role scope`. */
function named(kind: string, fields: object, metadata: object = {}, network: string | undefined = NETWORK): string[] {
  const objects = [object(kind, "one", fields, metadata)] as Parameters<typeof findOutsideReferences>[0];
  return findOutsideReferences(objects, NODE_GROUP, network).map(
    ({ check, role, scope }) => `${check} ${role} ${scope.replace(SUBSCRIPTION, "")}`,
  );
}

const balancer = (annotations: Record<string, string>, network?: string) =>
  named(
    "Service",
    { spec: { type: "LoadBalancer" } },
    {
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`service.beta.kubernetes.io/azure-${key}`, value]),
      ),
    },
    network,
  );

test("a Service names the subnet of its internal load balancer in the nodes' own network", () => {
  const subnet = { "load-balancer-internal": "true", "load-balancer-internal-subnet": "snet-lb" };
  expect(balancer(subnet)).toEqual([
    "RB005 Network Contributor /resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-lb",
  ]);
  expect(balancer({ "load-balancer-internal-subnet": "snet-lb" })).toEqual([]);
  expect(balancer(subnet, `${NODE_GROUP}/providers/Microsoft.Network/virtualNetworks/aks-vnet`)).toEqual([]);
});

test("storage classes name groups, subscriptions and keys, in whatever case", () => {
  const disks = (parameters: object) => named("StorageClass", { provisioner: "disk.csi.azure.com", parameters });
  expect(disks({ RESOURCEGROUP: "rg-disks" })).toEqual(["RB006 Contributor /resourceGroups/rg-disks"]);
  expect(disks({ resourceGroup: "rg-disks", subscriptionid: OTHER })).toEqual([
    `RB006 Contributor /subscriptions/${OTHER}/resourceGroups/rg-disks`,
  ]);
  expect(disks({ diskEncryptionSetID: `${COMPUTE}/diskEncryptionSets/own` })).toEqual([
    "RB006 Reader /resourceGroups/rg-disks/providers/Microsoft.Compute/diskEncryptionSets/own",
  ]);
  expect(disks({ resourceGroup: "mc_SHOP" })).toEqual([]);
});

test("a volume made by hand names its group, in whatever case", () => {
  const csi = { driver: "file.csi.azure.com", volumeHandle: "h", volumeAttributes: { resourcegroup: "rg-files" } };
  expect(named("PersistentVolume", { spec: { csi } })).toEqual([
    "RB007 Storage Account Contributor /resourceGroups/rg-files",
  ]);
});

test("snapshots of disks are named by their class and by themselves", () => {
  const driver = "disk.csi.azure.com";
  expect(named("VolumeSnapshotClass", { driver, parameters: { resourceGroup: "rg-disks" } })).toEqual([
    "RB006 Contributor /resourceGroups/rg-disks",
  ]);
  const snapshotHandle = `${COMPUTE}/snapshots/s1`;
  expect(named("VolumeSnapshotContent", { spec: { driver }, status: { snapshotHandle } })).toEqual([
    "RB006 Contributor /resourceGroups/rg-disks/providers/Microsoft.Compute/snapshots/s1",
  ]);
});
