import { isWithin, normalizeId, resourceGroupId } from "../azure/ids.ts";
import { asObject, asString, at, type JsonObject } from "../azure/json.ts";
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
}

const SERVICE_PREFIX = "service.beta.kubernetes.io/azure-";

/** What each storage driver does in another resource group (AKS documentation of its storage drivers). */
const DRIVERS: Readonly<Record<string, Pick<OutsideReference, "check" | "action">>> = {
  "disk.csi.azure.com": { check: "RB006", action: "Microsoft.Compute/disks/write" },
  "kubernetes.io/azure-disk": { check: "RB006", action: "Microsoft.Compute/disks/write" },
  "file.csi.azure.com": { check: "RB007", action: "Microsoft.Storage/storageAccounts/listKeys/action" },
  "kubernetes.io/azure-file": { check: "RB007", action: "Microsoft.Storage/storageAccounts/listKeys/action" },
  "blob.csi.azure.com": { check: "RB007", action: "Microsoft.Storage/storageAccounts/listKeys/action" },
};

/**
 * Services, storage classes and volumes that name resources elsewhere.
 * @param nodeGroup the id of the nodes' resource group, in which the control plane may do everything
 */
export function findOutsideReferences(objects: readonly JsonObject[], nodeGroup: string): OutsideReference[] {
  const group = (name: string) => resourceGroupId(nodeGroup.split("/")[2]!, name);
  const found = [
    ...ofKind(objects, "Service").flatMap((service) => serviceReferences(service, group)),
    ...ofKind(objects, "StorageClass").flatMap((storage) => storageReferences(storage, group)),
    ...ofKind(objects, "PersistentVolume").flatMap((volume) => volumeReferences(volume, group)),
  ];
  return found.filter(({ scope }) => !isWithin(scope, nodeGroup));
}

type ToGroup = (name: string) => string;

function serviceReferences(service: JsonObject, group: ToGroup): OutsideReference[] {
  if (at(service, "spec", "type") !== "LoadBalancer") return [];
  const annotations = asObject(at(service, "metadata", "annotations"));
  const object = `Service ${nameOf(service)}`;
  const addresses = asString(annotations[`${SERVICE_PREFIX}load-balancer-resource-group`]);
  const prefix = asString(annotations[`${SERVICE_PREFIX}pip-prefix-id`]);
  const references: OutsideReference[] = [];
  if (addresses) {
    const action = "Microsoft.Network/publicIPAddresses/join/action";
    references.push({ check: "RB005", object, scope: group(addresses), action });
  }
  if (prefix?.startsWith("/")) {
    const action = "Microsoft.Network/publicIPPrefixes/join/action";
    references.push({ check: "RB005", object, scope: normalizeId(prefix), action });
  }
  return references;
}

function storageReferences(storage: JsonObject, group: ToGroup): OutsideReference[] {
  const driver = DRIVERS[asString(storage["provisioner"]) ?? ""];
  // Drivers read the names of their parameters without regard to case.
  const parameters = Object.entries(asObject(storage["parameters"]));
  const name = asString(parameters.find(([key]) => key.toLowerCase() === "resourcegroup")?.[1]);
  return driver && name ? [{ ...driver, object: `StorageClass ${nameOf(storage)}`, scope: group(name) }] : [];
}

function volumeReferences(volume: JsonObject, group: ToGroup): OutsideReference[] {
  const object = `PersistentVolume ${nameOf(volume)}`;
  const inTree = asString(at(volume, "spec", "azureDisk", "diskURI"));
  if (inTree?.startsWith("/")) return [{ ...DRIVERS["disk.csi.azure.com"]!, object, scope: normalizeId(inTree) }];
  const csi = at(volume, "spec", "csi");
  const driver = DRIVERS[asString(at(csi, "driver")) ?? ""];
  if (!driver) return [];
  const handle = asString(at(csi, "volumeHandle")) ?? "";
  if (driver.check === "RB006")
    return handle.startsWith("/") ? [{ ...driver, object, scope: normalizeId(handle) }] : [];
  // The handle of a file share is `group#account#share#…`; a volume made by hand names the group in its attributes.
  const name =
    asString(at(csi, "volumeAttributes", "resourceGroup")) ?? handle.split("#")[handle.includes("#") ? 0 : 1];
  return name ? [{ ...driver, object, scope: group(name) }] : [];
}
