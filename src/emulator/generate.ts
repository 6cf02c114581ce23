import type { JsonObject, Resource } from "./json.ts";
import type { SeededIds } from "./random.ts";
import { BUILT_IN_ROLES } from "./roles.ts";

/** A fleet of clusters to be made. */
export interface GenerateSettings {
  readonly clusters: number;
  readonly subscriptions: number;
}

const REGIONS = ["westeurope", "northeurope", "eastus", "westus2", "uksouth", "swedencentral"];
const TEAMS = ["payments", "orders", "search", "media", "identity", "reports", "pricing", "stock", "mail", "maps"];
const STAGES = ["dev", "test", "prod"];
const CLUSTERS_PER_SHARED_PRINCIPAL = 5;

/** Makes a fleet from a seed: service principals of one's own and shared ones, own subnets, managed identities, half a migration. */
export function generateFleet(settings: GenerateSettings, ids: SeededIds): Resource[] {
  const subscriptions = Array.from({ length: settings.subscriptions }, (_, index) =>
    ids.guidOf(`subscription ${index}`),
  );
  const clusters = Array.from({ length: settings.clusters }, (_, index) => index);
  return [
    ...subscriptions.flatMap((subscription, index) => subscriptionParts(subscription, index)),
    ...clusters.flatMap((index) => clusterParts(index, subscriptions[index % subscriptions.length]!, ids)),
  ];
}

function subscriptionParts(subscription: string, index: number): Resource[] {
  const registry = registryOf(subscription);
  const name = `contoso-${String(index + 1).padStart(2, "0")}`;
  return [
    { id: `/subscriptions/${subscription}`, type: "Microsoft.Resources/subscriptions", displayName: name },
    {
      id: registry,
      type: "Microsoft.ContainerRegistry/registries",
      location: "westeurope",
      sku: { name: "Premium", tier: "Premium" },
      properties: { loginServer: `${registry.slice(registry.lastIndexOf("/") + 1)}.azurecr.io` },
    },
  ];
}

function registryOf(subscription: string): string {
  return `/subscriptions/${subscription}/resourceGroups/rg-registry/providers/Microsoft.ContainerRegistry/registries/contoso${subscription.slice(0, 8)}`;
}

/** One cluster with the principal, identities, network and rights that it needs to work. */
function clusterParts(index: number, subscription: string, ids: SeededIds): Resource[] {
  const draw = (what: string, limit: number) => ids.numberOf(`${what} of cluster ${index}`, limit);
  const name = `aks-${TEAMS[draw("team", TEAMS.length)]}-${STAGES[draw("stage", STAGES.length)]}-${String(index).padStart(4, "0")}`;
  const group = `/subscriptions/${subscription}/resourceGroups/rg-${name}`;
  const location = REGIONS[draw("region", REGIONS.length)]!;
  const kind = draw("kind", 10);
  const principal = principalOf(index, draw("sharing", 4) === 0, ids);
  const subnet =
    draw("subnet", 3) === 0 ? `${group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/aks` : undefined;
  const isMigrated = kind >= 8;
  const isHalfMigrated = kind === 7;
  const identities = isMigrated || isHalfMigrated ? identityParts(group, location, name, ids) : undefined;
  const puller = identities?.kubelet.principalId ?? principal.objectId;
  const actor = identities?.controlPlane.principalId ?? principal.objectId;
  const grantName = (what: string) => ids.guidOf(`${what} of ${name}`);
  const pools = poolsOf(draw, subnet);
  return [
    ...(isMigrated ? [] : principal.resources),
    ...(identities?.resources ?? []),
    ...(subnet ? [networkOf(subnet, location), grant(subnet, "Network Contributor", actor, grantName("subnet"))] : []),
    grant(registryOf(subscription), "AcrPull", puller, grantName("registry")),
    ...(isHalfMigrated
      ? [grant(registryOf(subscription), "AcrPull", principal.objectId, ids.guidOf(`registry of ${principal.appId}`))]
      : []),
    {
      id: `${group}/providers/Microsoft.ContainerService/managedClusters/${name}`,
      type: "Microsoft.ContainerService/ManagedClusters",
      location,
      sku: { name: "Base", tier: "Standard" },
      tags: { team: name.split("-")[1]!, stage: name.split("-")[2]! },
      ...(identities ? { identity: identities.block } : {}),
      _emulator: {
        registries: [registryOf(subscription)],
        ...(isHalfMigrated ? { formerServicePrincipal: principal.appId, poolsOnServicePrincipal: ["apps"] } : {}),
      },
      properties: {
        kubernetesVersion: "1.33",
        dnsPrefix: name,
        agentPoolProfiles: pools,
        servicePrincipalProfile: { clientId: identities ? "msi" : principal.appId },
        ...(identities ? { identityProfile: { kubeletidentity: { resourceId: identities.kubelet.id } } } : {}),
        networkProfile: {
          networkPlugin: subnet ? "azure" : "kubenet",
          loadBalancerSku: "standard",
          outboundType: "loadBalancer",
        },
      },
    },
  ];
}

function poolsOf(draw: (what: string, limit: number) => number, subnet: string | undefined): JsonObject[] {
  const where = subnet ? { vnetSubnetID: subnet } : {};
  return [
    { name: "system", count: 2 + draw("system nodes", 2), mode: "System", vmSize: "Standard_D4ds_v5", ...where },
    { name: "apps", count: 1 + draw("app nodes", 5), mode: "User", vmSize: "Standard_D8ds_v5", ...where },
  ];
}

function principalOf(index: number, isShared: boolean, ids: SeededIds) {
  const owner = isShared ? `team ${Math.floor(index / CLUSTERS_PER_SHARED_PRINCIPAL)}` : `cluster ${index}`;
  const objectId = ids.guidOf(`principal of ${owner}`);
  const appId = ids.guidOf(`application of ${owner}`);
  const displayName = `sp-aks-${owner.replace(" ", "-")}`;
  const month = 1 + ids.numberOf(`expiry of ${owner}`, 12);
  const resources: Resource[] = [
    { type: "Microsoft.Graph/servicePrincipals", id: objectId, appId, servicePrincipalNames: [appId], displayName },
    {
      type: "Microsoft.Graph/applications",
      id: ids.guidOf(`application object of ${owner}`),
      appId,
      displayName,
      passwordCredentials: [{ endDateTime: `2027-${String(month).padStart(2, "0")}-15T00:00:00Z` }],
    },
  ];
  return { objectId, appId, resources };
}

function identityParts(group: string, location: string, name: string, ids: SeededIds) {
  const identity = (suffix: string) => ({
    id: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${name}${suffix}`,
    principalId: ids.guidOf(`principal of id-${name}${suffix}`),
    clientId: ids.guidOf(`client of id-${name}${suffix}`),
  });
  const [controlPlane, kubelet] = [identity(""), identity("-kubelet")];
  const resources = [controlPlane, kubelet].map(
    ({ id, principalId, clientId }): Resource => ({
      id,
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      location,
      properties: { principalId, clientId },
    }),
  );
  const operator = grant(
    kubelet.id,
    "Managed Identity Operator",
    controlPlane.principalId,
    ids.guidOf(`operator of ${name}`),
  );
  const block: JsonObject = { type: "UserAssigned", userAssignedIdentities: { [controlPlane.id]: {} } };
  return { controlPlane, kubelet, block, resources: [...resources, operator] };
}

function networkOf(subnet: string, location: string): Resource {
  return {
    id: subnet.split("/subnets/")[0]!,
    type: "Microsoft.Network/virtualNetworks",
    location,
    properties: { subnets: [{ name: "aks", id: subnet, properties: { addressPrefix: "10.0.0.0/22" } }] },
  };
}

function grant(scope: string, roleName: string, principalId: string, name: string): Resource {
  const { guid } = BUILT_IN_ROLES.find((role) => role.name === roleName)!;
  const subscription = scope.split("/")[2]!;
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      principalId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
    },
  };
}
