import { isWithin, normalizeId, resourceGroupId } from "../azure/ids.ts";
import { asObject, asString, at, type Json, type JsonObject } from "../azure/json.ts";
import { nameOf, ofKind } from "./names.ts";

/** Something in the cluster that names an Azure resource outside the nodes' resource group. */
export interface OutsideReference {
  /** Services RB005, disks RB006, files and blobs RB007. */
  readonly check: "RB005" | "RB006" | "RB007";
  /** `Service payments/api` */
  readonly object: string;
  /** The id of a resource, or of a resource group. */
  readonly scope: string;
  /** What the control plane does there. */
  readonly action: string;
  /** The built-in role that is enough for it. */
  readonly role: string;
}

type Use = Pick<OutsideReference, "check" | "action" | "role">;

const SERVICE_PREFIX = "service.beta.kubernetes.io/azure-";

const joining = (what: string): Use => ({
  check: "RB005",
  action: `Microsoft.Network/${what}/join/action`,
  role: "Network Contributor",
});
const DISKS: Use = { check: "RB006", action: "Microsoft.Compute/disks/write", role: "Contributor" };
const SNAPSHOTS: Use = { ...DISKS, action: "Microsoft.Compute/snapshots/write" };
const KEYS: Use = { check: "RB006", action: "Microsoft.Compute/diskEncryptionSets/read", role: "Reader" };
const SHARES: Use = {
  check: "RB007",
  action: "Microsoft.Storage/storageAccounts/listKeys/action",
  role: "Storage Account Contributor",
};

/** What each storage driver does in another resource group (AKS documentation of its storage drivers). */
const DRIVERS: Readonly<Record<string, Use>> = {
  "disk.csi.azure.com": DISKS,
  "kubernetes.io/azure-disk": DISKS,
  "file.csi.azure.com": SHARES,
  "kubernetes.io/azure-file": SHARES,
  "blob.csi.azure.com": SHARES,
};

/**
 * Services, storage classes, volumes and their snapshots that name resources elsewhere.
 * @param nodeGroup the id of the nodes' resource group, in which the control plane may do everything
 * @param network the id of the virtual network that the nodes are in, where it is the user's own
 */
export function findOutsideReferences(
  objects: readonly JsonObject[],
  nodeGroup: string,
  network: string | undefined,
): OutsideReference[] {
  const group: ToGroup = (name, subscription) => resourceGroupId(subscription ?? nodeGroup.split("/")[2]!, name);
  const found = [
    ...ofKind(objects, "Service").flatMap((service) => serviceReferences(service, group, network)),
    ...ofKind(objects, "StorageClass").flatMap((storage) => storageReferences(storage, group)),
    ...ofKind(objects, "PersistentVolume").flatMap((volume) => volumeReferences(volume, group)),
    ...ofKind(objects, "VolumeSnapshotClass").flatMap((snapshots) => snapshotClassReferences(snapshots, group)),
    ...ofKind(objects, "VolumeSnapshotContent").flatMap(snapshotReferences),
  ];
  return found.filter(({ scope }) => !isWithin(scope, nodeGroup));
}

type ToGroup = (name: string, subscription?: string) => string;

function serviceReferences(service: JsonObject, group: ToGroup, network: string | undefined): OutsideReference[] {
  if (at(service, "spec", "type") !== "LoadBalancer") return [];
  const annotations = asObject(at(service, "metadata", "annotations"));
  const annotation = (name: string) => asString(annotations[`${SERVICE_PREFIX}${name}`]);
  const object = `Service ${nameOf(service)}`;
  const addresses = annotation("load-balancer-resource-group");
  const prefix = annotation("pip-prefix-id");
  const subnet =
    annotation("load-balancer-internal")?.toLowerCase() === "true" && annotation("load-balancer-internal-subnet");
  return [
    ...(addresses ? [{ ...joining("publicIPAddresses"), object, scope: group(addresses) }] : []),
    ...(prefix?.startsWith("/") ? [{ ...joining("publicIPPrefixes"), object, scope: normalizeId(prefix) }] : []),
    // Named alone, it is a subnet of the nodes' own virtual network (cloud provider's documentation of annotations).
    ...(subnet && network
      ? [{ ...joining("virtualNetworks/subnets"), object, scope: `${network}/subnets/${subnet}` }]
      : []),
  ];
}

function storageReferences(storage: JsonObject, group: ToGroup): OutsideReference[] {
  const driver = DRIVERS[asString(storage["provisioner"]) ?? ""];
  if (!driver) return [];
  const parameter = settingsOf(storage["parameters"]);
  const object = `StorageClass ${nameOf(storage)}`;
  const name = parameter("resourceGroup");
  const key = driver === DISKS ? parameter("diskEncryptionSetID") : undefined;
  return [
    ...(name ? [{ ...driver, object, scope: group(name, parameter("subscriptionID")) }] : []),
    ...(key?.startsWith("/") ? [{ ...KEYS, object, scope: normalizeId(key) }] : []),
  ];
}

function volumeReferences(volume: JsonObject, group: ToGroup): OutsideReference[] {
  const object = `PersistentVolume ${nameOf(volume)}`;
  const inTree = asString(at(volume, "spec", "azureDisk", "diskURI"));
  if (inTree?.startsWith("/")) return [{ ...DISKS, object, scope: normalizeId(inTree) }];
  const csi = at(volume, "spec", "csi");
  const driver = DRIVERS[asString(at(csi, "driver")) ?? ""];
  if (!driver) return [];
  const handle = asString(at(csi, "volumeHandle")) ?? "";
  if (driver === DISKS) return handle.startsWith("/") ? [{ ...driver, object, scope: normalizeId(handle) }] : [];
  // The handle of a file share is `group#account#share#…`; a volume made by hand names the group in its attributes.
  const attribute = settingsOf(at(csi, "volumeAttributes"));
  const name = attribute("resourceGroup") ?? handle.split("#")[handle.includes("#") ? 0 : 1];
  return name ? [{ ...driver, object, scope: group(name, attribute("subscriptionID")) }] : [];
}

function snapshotClassReferences(snapshots: JsonObject, group: ToGroup): OutsideReference[] {
  const parameter = settingsOf(snapshots["parameters"]);
  const name = snapshots["driver"] === "disk.csi.azure.com" ? parameter("resourceGroup") : undefined;
  const object = `VolumeSnapshotClass ${nameOf(snapshots)}`;
  return name ? [{ ...SNAPSHOTS, object, scope: group(name, parameter("subscriptionID")) }] : [];
}

function snapshotReferences(content: JsonObject): OutsideReference[] {
  const handle =
    asString(at(content, "status", "snapshotHandle")) ?? asString(at(content, "spec", "source", "snapshotHandle"));
  const isDisk = at(content, "spec", "driver") === "disk.csi.azure.com" && handle?.startsWith("/");
  return isDisk
    ? [{ ...SNAPSHOTS, object: `VolumeSnapshotContent ${nameOf(content)}`, scope: normalizeId(handle!) }]
    : [];
}

/** Drivers read the names of their settings without regard to case. */
function settingsOf(settings: Json | undefined): (name: string) => string | undefined {
  const all = Object.entries(asObject(settings));
  return (name) => asString(all.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]);
}
