import { hasStatus } from "./errors.ts";
import { normalizeId } from "./ids.ts";
import { asArray, asDate, asObject, asString, at, type Json } from "./json.ts";
import type { Transport } from "./transport.ts";

/** One node of a scale set. */
export interface ScaleSetInstance {
  readonly name: string;
  /** False while the instance still runs an older model of its scale set. */
  readonly latestModelApplied: boolean;
  /** When the platform last created or re-imaged it, where the instance view says so. */
  readonly provisionedAt: Date | undefined;
}

/** The scale set of a node pool. */
export interface ScaleSet {
  readonly id: string;
  readonly name: string;
  /** The node pool, from the tag that AKS sets. */
  readonly pool: string | undefined;
  /** Ids of the user-assigned identities that its model carries. */
  readonly identities: readonly string[];
}

/** A node of a pool without a scale set: an availability set's (Microsoft.Compute). */
export interface Machine {
  readonly name: string;
  /** The node pool, from the tag that AKS sets. */
  readonly pool: string | undefined;
  /** Ids of the user-assigned identities that it carries. */
  readonly identities: readonly string[];
  /** A machine is never re-imaged in place: AKS replaces it. */
  readonly createdAt: Date | undefined;
}

/** Virtual machine scale sets and machines (Microsoft.Compute). */
export interface ScaleSets {
  /** The scale sets of a resource group; empty when the group is not there. */
  list(subscription: string, resourceGroup: string): Promise<ScaleSet[]>;
  /** Every scale set of a subscription. */
  listAll(subscription: string): Promise<ScaleSet[]>;
  /** The nodes of a scale set, with their instance views. @throws AzureError */
  instances(scaleSetId: string): Promise<ScaleSetInstance[]>;
  /** The single machines of a resource group; empty when the group is not there. */
  machines(subscription: string, resourceGroup: string): Promise<Machine[]>;
}

const API_VERSION = "2025-04-01";

/** Scale sets as plain requests: @azure/arm-compute would be the largest dependency by far. */
export function createScaleSets({ arm }: Transport): ScaleSets {
  const listInGroup = async (what: string, type: string, subscription: string, resourceGroup: string) => {
    const path = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/${type}?api-version=${API_VERSION}`;
    try {
      return await arm.list(`list the ${what} of ${resourceGroup}`, path);
    } catch (error) {
      if (hasStatus(error, 404)) return [];
      throw error;
    }
  };
  return {
    async list(subscription, resourceGroup) {
      return (await listInGroup("scale sets", "virtualMachineScaleSets", subscription, resourceGroup)).map(scaleSet);
    },
    async machines(subscription, resourceGroup) {
      return (await listInGroup("machines", "virtualMachines", subscription, resourceGroup)).map(machine);
    },
    async listAll(subscription) {
      const path = `/subscriptions/${subscription}/providers/Microsoft.Compute/virtualMachineScaleSets?api-version=${API_VERSION}`;
      return (await arm.list(`list the scale sets of subscription ${subscription}`, path)).map(scaleSet);
    },
    async instances(scaleSetId) {
      const path = `${scaleSetId}/virtualMachines?api-version=${API_VERSION}&$expand=instanceView`;
      return (await arm.list(`list the instances of ${scaleSetId.split("/").at(-1)}`, path)).map(instance);
    },
  };
}

function scaleSet(value: Json): ScaleSet {
  return { id: normalizeId(asString(at(value, "id")) ?? ""), ...carrier(value) };
}

function machine(value: Json): Machine {
  return { ...carrier(value), createdAt: asDate(at(value, "properties", "timeCreated")) };
}

function carrier(value: Json) {
  return {
    name: asString(at(value, "name")) ?? "",
    pool: asString(at(value, "tags", "aks-managed-poolName")) ?? asString(at(value, "tags", "poolName")),
    identities: Object.keys(asObject(at(value, "identity", "userAssignedIdentities"))).map(normalizeId),
  };
}

function instance(value: Json): ScaleSetInstance {
  const statuses = asArray(at(value, "properties", "instanceView", "statuses")).map(asObject);
  const provisioning = statuses.find((status) => asString(status["code"])?.startsWith("ProvisioningState/"));
  return {
    name: asString(at(value, "name")) ?? "",
    latestModelApplied: at(value, "properties", "latestModelApplied") === true,
    provisionedAt: asDate(provisioning?.["time"]),
  };
}
