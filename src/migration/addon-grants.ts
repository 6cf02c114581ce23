import { isWithin, parseResourceId, resourceGroupId } from "../azure/ids.ts";
import type { ClusterFacts } from "../plan/schema.ts";
import { BUILT_IN_ROLES, type BuiltInRole } from "./built-in-roles.ts";
import { type Grant, nodeResourceGroupId, virtualNetworkOf } from "./grants.ts";

/**
 * The rights that add-ons hold through the old principal and lose with the switch, when each gets an identity of its
 * own. These are the three that Azure CLI 2.67 grants after an update (its source, `addonconfiguration.py`) and the DNS
 * zones of application routing (AKS documentation, summary of managed identities).
 */
export function addonGrants(clusterId: string, cloud: string, facts: ClusterFacts): Grant[] {
  const nodeGroup = nodeResourceGroupId(clusterId, facts);
  return Object.entries(facts.addons)
    .flatMap(([addon, config]) => [...grantsOf(addon, config, clusterId, cloud, facts)])
    .filter((grant) => !isWithin(grant.scope, nodeGroup));
}

function* grantsOf(
  addon: string,
  config: Readonly<Record<string, string>>,
  clusterId: string,
  cloud: string,
  facts: ClusterFacts,
): Generator<Grant> {
  const give = (role: BuiltInRole, scope: string, reason: string): Grant => ({
    who: `addon:${addon}`,
    role,
    roleGuid: BUILT_IN_ROLES[role],
    scope,
    reason,
  });
  const firstSubnet = facts.pools[0]?.subnet;
  switch (addon.toLowerCase()) {
    case "omsagent":
      // With useAADAuth the agent authenticates through a data collection rule and needs no role.
      if (cloud === "AzureCloud" && config["useAADAuth"]?.toLowerCase() !== "true") {
        yield give("Monitoring Metrics Publisher", clusterId, "container insights publishes the cluster's metrics");
      }
      break;
    case "ingressapplicationgateway": {
      const gateway = parseResourceId(config["applicationGatewayId"] ?? "");
      if (gateway) {
        const group = resourceGroupId(gateway.subscription, gateway.resourceGroup);
        yield give("Network Contributor", group, "the ingress controller configures the application gateway");
      }
      if (config["subnetId"])
        yield give("Network Contributor", config["subnetId"], "the application gateway is in this subnet");
      if (config["subnetCIDR"] && firstSubnet) {
        yield give("Network Contributor", virtualNetworkOf(firstSubnet), "the application gateway has a subnet in it");
      }
      break;
    }
    case "aciconnectorlinux":
      if (firstSubnet)
        yield give("Contributor", virtualNetworkOf(firstSubnet), "virtual nodes place container groups in it");
      break;
    case "webapprouting":
      for (const zone of (config["dnsZoneResourceIds"] ?? "").split(",").filter(Boolean)) {
        const role = /\/privateDnsZones\//i.test(zone) ? "Private DNS Zone Contributor" : "DNS Zone Contributor";
        yield give(role, zone, "application routing writes the records of ingresses into it");
      }
  }
}
