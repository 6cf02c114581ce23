import { asArray, asObject, asString, at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** How much of a compute quota is used in a region. */
export interface Usage {
  /** `cores` for all sizes together, else the family, for example `standardDDSv5Family`. */
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

/** A Kubernetes minor version that a region offers. */
export interface KubernetesVersion {
  /** `1.33` */
  readonly version: string;
  /** `KubernetesOfficial`, `AKSLongTermSupport` */
  readonly supportPlans: readonly string[];
}

/** What a region has to offer a subscription (Microsoft.Compute, Microsoft.ContainerService). */
export interface Capacity {
  /** The compute quotas of a region: all cores, and those of each family. @throws AzureError */
  usages(subscription: string, location: string): Promise<Usage[]>;
  /** The minor versions that a region offers, with their support plans. @throws AzureError */
  kubernetesVersions(subscription: string, location: string): Promise<KubernetesVersion[]>;
}

/** Quotas and versions as plain requests. The list of versions is no ARM list: its entries are in `values`. */
export function createCapacity({ arm }: Transport): Capacity {
  return {
    async usages(subscription, location) {
      const path = `/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${location}/usages?api-version=2025-04-01`;
      const found = await arm.list(`read the compute quota of ${location}`, path);
      return found.map((value) => ({
        name: asString(at(value, "name", "value")) ?? "",
        used: Number(at(value, "currentValue") ?? 0),
        limit: Number(at(value, "limit") ?? 0),
      }));
    },
    async kubernetesVersions(subscription, location) {
      const path = `/subscriptions/${subscription}/providers/Microsoft.ContainerService/locations/${location}/kubernetesVersions?api-version=2026-04-01`;
      const { body } = await arm.get(`list the Kubernetes versions of ${location}`, path);
      return asArray(at(body, "values")).map((value) => ({
        version: asString(asObject(value)["version"]) ?? "",
        supportPlans: asArray(at(value, "capabilities", "supportPlan")).map(String),
      }));
    },
  };
}
