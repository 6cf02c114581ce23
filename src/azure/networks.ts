import { normalizeId } from "./ids.ts";
import { asArray, asObject, asString, at, type Json } from "./json.ts";
import type { Transport } from "./transport.ts";

/** A subnet of a virtual network. */
export interface Subnet {
  readonly id: string;
  readonly routeTable: string | undefined;
  readonly securityGroup: string | undefined;
  readonly addressPrefixes: readonly string[];
  /** How many addresses its network interfaces, load balancers and gateways hold. */
  readonly ipConfigurations: number;
}

/** Virtual networks (Microsoft.Network). */
export interface Networks {
  /** The subnets of every virtual network of a subscription. */
  subnets(subscription: string): Promise<Subnet[]>;
}

/** Virtual networks as plain requests: @azure/arm-network is larger than the rest of the dependencies together. */
export function createNetworks({ arm }: Transport): Networks {
  return {
    async subnets(subscription) {
      const path = `/subscriptions/${subscription}/providers/Microsoft.Network/virtualNetworks?api-version=2025-07-01`;
      const networks = await arm.list(`list the virtual networks of subscription ${subscription}`, path);
      return networks.flatMap((network) =>
        asArray(at(network, "properties", "subnets")).map((value) =>
          readSubnet(`${asString(at(network, "id")) ?? ""}/subnets/${asString(at(value, "name")) ?? ""}`, value),
        ),
      );
    },
  };
}

/** A subnet as Azure shows it, by itself or in its network. @param id used where Azure leaves it out */
export function readSubnet(id: string, value: Json): Subnet {
  const properties = asObject(at(value, "properties"));
  const single = asString(properties["addressPrefix"]);
  const several = asArray(properties["addressPrefixes"]).map(String);
  return {
    id: normalizeId(asString(at(value, "id")) ?? id),
    routeTable: asString(at(properties["routeTable"], "id")),
    securityGroup: asString(at(properties["networkSecurityGroup"], "id")),
    addressPrefixes: several.length > 0 || single === undefined ? several : [single],
    ipConfigurations: asArray(properties["ipConfigurations"]).length,
  };
}
