import type { RolePermissions } from "./permissions.ts";

/** A role that Azure has built in. */
export interface BuiltInRole extends RolePermissions {
  readonly guid: string;
  readonly name: string;
}

const COMMON = [
  "Microsoft.Authorization/*/read",
  "Microsoft.Insights/alertRules/*",
  "Microsoft.ResourceHealth/availabilityStatuses/read",
  "Microsoft.Resources/deployments/*",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Support/*",
];

const NOT_FOR_CONTRIBUTORS = [
  "Microsoft.Authorization/*/Delete",
  "Microsoft.Authorization/*/Write",
  "Microsoft.Authorization/elevateAccess/Action",
  "Microsoft.Blueprint/blueprintAssignments/write",
  "Microsoft.Blueprint/blueprintAssignments/delete",
  "Microsoft.Compute/galleries/share/action",
];

const REPOSITORY = "Microsoft.ContainerRegistry/registries/repositories";

function role(guid: string, name: string, actions: string[], more: Partial<RolePermissions> = {}): BuiltInRole {
  return { guid, name, actions, notActions: [], dataActions: [], notDataActions: [], ...more };
}

/** The built-in roles that matter around a cluster, with their GUIDs and permissions as Azure documents them. */
export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ["*"]),
  role("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", ["*"], { notActions: NOT_FOR_CONTRIBUTORS }),
  role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ["*/read"]),
  role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", [
    "*/read",
    "Microsoft.Authorization/*",
    "Microsoft.Support/*",
  ]),
  role("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignments/delete",
    "*/read",
    "Microsoft.Support/*",
  ]),
  role("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", [...COMMON, "Microsoft.Network/*"]),
  role("b12aa53e-6015-4669-85d0-8515ebb3ae7f", "Private DNS Zone Contributor", [
    ...COMMON,
    "Microsoft.Network/privateDnsZones/*",
    "Microsoft.Network/privateDnsOperationResults/*",
    "Microsoft.Network/privateDnsOperationStatuses/*",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/join/action",
  ]),
  role("befefa01-2a29-4197-83a8-272ff33ce314", "DNS Zone Contributor", [...COMMON, "Microsoft.Network/dnsZones/*"]),
  role("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", ["Microsoft.ContainerRegistry/registries/pull/read"]),
  role("8311e382-0749-4cb8-b61a-304f252e45ec", "AcrPush", [
    "Microsoft.ContainerRegistry/registries/pull/read",
    "Microsoft.ContainerRegistry/registries/push/write",
  ]),
  role("c2f4ef07-c644-48eb-af81-4b1b4947fb11", "AcrDelete", [
    "Microsoft.ContainerRegistry/registries/artifacts/delete",
  ]),
  role("6cef56e8-d556-48e5-a04f-b8e64114680f", "AcrImageSigner", ["Microsoft.ContainerRegistry/registries/sign/write"]),
  role("cdda3590-29a3-44f6-95f2-9f980659eb04", "AcrQuarantineReader", [
    "Microsoft.ContainerRegistry/registries/quarantine/read",
  ]),
  role("b93aa761-3e63-49ed-ac28-beffa264f7ac", "Container Registry Repository Reader", [], {
    dataActions: [`${REPOSITORY}/metadata/read`, `${REPOSITORY}/content/read`],
  }),
  role("2a1e307c-b015-4ebd-883e-5b7698a07328", "Container Registry Repository Writer", [], {
    dataActions: [
      `${REPOSITORY}/metadata/read`,
      `${REPOSITORY}/content/read`,
      `${REPOSITORY}/metadata/write`,
      `${REPOSITORY}/content/write`,
    ],
  }),
  role("2efddaa5-3f1f-4df3-97df-af3f13818f4c", "Container Registry Repository Contributor", [], {
    dataActions: [
      `${REPOSITORY}/metadata/read`,
      `${REPOSITORY}/content/read`,
      `${REPOSITORY}/metadata/write`,
      `${REPOSITORY}/content/write`,
      `${REPOSITORY}/metadata/delete`,
      `${REPOSITORY}/content/delete`,
    ],
  }),
  role("bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7", "Container Registry Repository Catalog Lister", [], {
    dataActions: ["Microsoft.ContainerRegistry/registries/catalog/read"],
  }),
  role("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
    ...COMMON,
  ]),
  role("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", [
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/*",
    "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action",
    ...COMMON,
  ]),
  role(
    "3913510d-42f4-4e42-8a64-420c390055eb",
    "Monitoring Metrics Publisher",
    [...COMMON, "Microsoft.Insights/Register/Action"],
    { dataActions: ["Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"] },
  ),
  role("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", [
    "*/read",
    "Microsoft.OperationalInsights/workspaces/search/action",
    "Microsoft.Support/*",
  ]),
  role("749f88d5-cbae-40b8-bcfc-e573ddc772fa", "Monitoring Contributor", ["*/read", "Microsoft.Insights/*"]),
  role("92aaf0da-9dab-42b6-94a3-d43ce8d16293", "Log Analytics Contributor", [
    "*/read",
    "Microsoft.Compute/virtualMachines/extensions/*",
    "Microsoft.Insights/diagnosticSettings/*",
    "Microsoft.OperationalInsights/*",
    "Microsoft.OperationsManagement/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Support/*",
  ]),
  role("17d1049b-9a84-46fb-8f53-869881c3d3ab", "Storage Account Contributor", [
    ...COMMON,
    "Microsoft.Insights/diagnosticSettings/*",
    "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
    "Microsoft.Storage/storageAccounts/*",
  ]),
  role(
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Contributor",
    [
      "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
      "Microsoft.Storage/storageAccounts/blobServices/containers/read",
      "Microsoft.Storage/storageAccounts/blobServices/containers/write",
      "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
    ],
    { dataActions: ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"] },
  ),
  role("f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", [...COMMON, "Microsoft.KeyVault/*"], {
    notActions: ["Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*"],
  }),
  role("4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User", [], {
    dataActions: [
      "Microsoft.KeyVault/vaults/secrets/getSecret/action",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ],
  }),
  role("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User", [], {
    dataActions: [
      "Microsoft.KeyVault/vaults/keys/read",
      "Microsoft.KeyVault/vaults/keys/encrypt/action",
      "Microsoft.KeyVault/vaults/keys/decrypt/action",
      "Microsoft.KeyVault/vaults/keys/wrap/action",
      "Microsoft.KeyVault/vaults/keys/unwrap/action",
      "Microsoft.KeyVault/vaults/keys/sign/action",
      "Microsoft.KeyVault/vaults/keys/verify/action",
    ],
  }),
  role("9980e02c-c2be-4d73-94e8-173b1dc7cf3c", "Virtual Machine Contributor", [
    ...COMMON,
    "Microsoft.Compute/availabilitySets/*",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Compute/virtualMachines/*",
    "Microsoft.Compute/virtualMachineScaleSets/*",
    "Microsoft.Network/loadBalancers/read",
    "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
    "Microsoft.Network/networkInterfaces/*",
    "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/publicIPAddresses/read",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
  ]),
  role("ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8", "Azure Kubernetes Service Contributor Role", [
    ...COMMON,
    "Microsoft.ContainerService/locations/*",
    "Microsoft.ContainerService/managedClusters/*",
    "Microsoft.ContainerService/managedclustersnapshots/*",
    "Microsoft.ContainerService/snapshots/*",
  ]),
  role("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8", "Azure Kubernetes Service Cluster Admin Role", [
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
    "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.ContainerService/managedClusters/runcommand/action",
  ]),
  role("4abbcc35-e782-43d8-92c5-2d3f1bd2253f", "Azure Kubernetes Service Cluster User Role", [
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    "Microsoft.ContainerService/managedClusters/read",
  ]),
  role("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "Azure Kubernetes Service RBAC Cluster Admin", COMMON, {
    dataActions: ["Microsoft.ContainerService/managedClusters/*"],
  }),
];

/** The GUID of Contributor, which AKS gives its control-plane principal on the node resource group. */
export const CONTRIBUTOR_GUID = "b24988ac-6180-42a0-ab88-20f7382dd24c";
