import { hasStatus } from "./errors.ts";
import { parseResourceId, sameId } from "./ids.ts";
import { asDate, asObject, asString, at } from "./json.ts";
import { readSubnet, type Subnet } from "./networks.ts";
import type { Transport } from "./transport.ts";

/** A subscription that the caller can see. */
export interface Subscription {
  readonly id: string;
  readonly name: string;
  readonly tenant: string | undefined;
  readonly enabled: boolean;
}

/** Whatever has no package of its own here: plain requests through the same pipeline. */
export interface Resources {
  /** Every subscription that the caller can see. */
  subscriptions(): Promise<Subscription[]>;
  /** @returns undefined when there is no such subnet or it may not be read */
  subnet(id: string): Promise<Subnet | undefined>;
  /** Whether there is a resource group of this id; undefined when the caller may not read it. */
  groupExists(id: string): Promise<boolean | undefined>;
  /** When a resource was made; undefined where the list of its resource group does not show it, or may not be read. */
  createdAt(id: string): Promise<Date | undefined>;
  /** Management locks at, above and below a scope. */
  locks(scope: string): Promise<{ id: string; level: string; name: string }[]>;
}

/** Network 2025-07-01, subscriptions 2022-12-01, resource groups 2022-09-01 and locks 2020-05-01, as plain requests. */
export function createResources({ arm }: Transport): Resources {
  return {
    async subscriptions() {
      const found = await arm.list("list your subscriptions", "/subscriptions?api-version=2022-12-01");
      return found.map(asObject).map((subscription) => ({
        id: asString(subscription["subscriptionId"]) ?? "",
        name: asString(subscription["displayName"]) ?? "",
        tenant: asString(subscription["tenantId"]),
        enabled: asString(subscription["state"]) === "Enabled",
      }));
    },
    async subnet(id) {
      try {
        const { body } = await arm.get(`read subnet ${id}`, `${id}?api-version=2025-07-01`);
        return readSubnet(id, body);
      } catch (error) {
        if (hasStatus(error, 404) || hasStatus(error, 403)) return undefined;
        throw error;
      }
    },
    async groupExists(id) {
      try {
        await arm.get(`read resource group ${id}`, `${id}?api-version=2022-09-01`);
        return true;
      } catch (error) {
        if (hasStatus(error, 404)) return false;
        if (hasStatus(error, 403)) return undefined;
        throw error;
      }
    },
    async createdAt(id) {
      // Only a list shows the time, and only where it is asked for (API reference of Resources - List By Resource Group).
      const { type } = parseResourceId(id)!;
      const group = id.replace(/\/providers\/.*$/i, "");
      const filter = encodeURIComponent(`resourceType eq '${type}'`);
      const path = `${group}/resources?api-version=2021-04-01&$filter=${filter}&$expand=createdTime`;
      try {
        const listed = (await arm.list(`list the resources of ${group.split("/").at(-1)}`, path)).map(asObject);
        const shown = listed.find((item) => sameId(asString(item["id"]), id));
        return asDate(shown?.["createdTime"]);
      } catch (error) {
        if (hasStatus(error, 403)) return undefined;
        throw error;
      }
    },
    async locks(scope) {
      const found = await arm.list(
        `list the locks of ${scope}`,
        `${scope}/providers/Microsoft.Authorization/locks?api-version=2020-05-01`,
      );
      return found.map((lock) => ({
        id: asString(at(lock, "id")) ?? "",
        name: asString(at(lock, "name")) ?? "",
        level: asString(at(lock, "properties", "level")) ?? "",
      }));
    },
  };
}
