import { shell } from "../engine/shell.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { parseId } from "./ids.ts";
import type { ClusterView } from "./run-view.ts";

/** What a cluster's infrastructure code should say from now on. */
export interface Snippet {
  readonly title: string;
  readonly language: "terraform" | "bicep" | "sh";
  readonly note: string;
  readonly code: string;
}

/** Resource ids of the new identities; undefined for system-assigned, and for a kubelet identity that AKS makes. */
export interface TargetIds {
  readonly controlPlane?: string | undefined;
  readonly kubelet?: string | undefined;
}

/** Where the new identities are: as Azure said when they were made, else as the plan places them. */
export function targetIds(cluster: ClusterPlan, view?: ClusterView): TargetIds {
  const bound = (key: string) =>
    view?.steps.flatMap(({ changes }) => changes).find((change) => change.key === key)?.resourceId;
  const { controlPlaneIdentity, kubeletIdentity } = cluster.target;
  const place = (target: typeof controlPlaneIdentity) =>
    target &&
    `/subscriptions/${target.subscription ?? parseId(cluster.id).subscription}/resourceGroups/${target.resourceGroup}` +
      `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${target.name}`;
  return {
    controlPlane: bound("identity:control-plane") ?? place(controlPlaneIdentity),
    kubelet: bound("identity:kubelet") ?? place(kubeletIdentity),
  };
}

/** Terraform, Bicep and az for this very cluster, so that the next deployment doesn't undo or replace anything. */
export function listSnippets(cluster: ClusterPlan, ids: TargetIds): Snippet[] {
  return [terraform(cluster, ids), bicep(cluster, ids), azureCli(cluster, ids)];
}

function terraform({ id, from }: ClusterPlan, { controlPlane }: TargetIds): Snippet {
  const { name } = parseId(id);
  const identity = controlPlane
    ? ['    type         = "UserAssigned"', `    identity_ids = [${hcl(controlPlane)}]`]
    : ['    type = "SystemAssigned"'];
  return {
    title: "Terraform (azurerm)",
    language: "terraform",
    note: `${from.servicePrincipal ? "Remove the service_principal block. " : ""}Leave kubelet_identity out: setting it to another value replaces the cluster.`,
    code: [
      `resource "azurerm_kubernetes_cluster" ${hcl(name.replace(/[^A-Za-z0-9_]/g, "_"))} {`,
      "  # …",
      "  identity {",
      ...identity,
      "  }",
      "",
      "  lifecycle {",
      "    # A change of kubelet_identity forces replacement of the whole cluster.",
      "    ignore_changes = [kubelet_identity]",
      "  }",
      "}",
    ].join("\n"),
  };
}

function bicep({ id, from }: ClusterPlan, { controlPlane, kubelet }: TargetIds): Snippet {
  const lines = [
    ...(controlPlane ? existingIdentity("controlPlane", controlPlane) : []),
    ...(kubelet ? existingIdentity("kubelet", kubelet) : []),
    "resource cluster 'Microsoft.ContainerService/managedClusters@2026-04-01' = {",
    `  name: ${bicepText(parseId(id).name)}`,
    `  location: ${bicepText(from.location)}`,
    ...(controlPlane
      ? [
          "  identity: {",
          "    type: 'UserAssigned'",
          `    userAssignedIdentities: { '\${controlPlane.id}': {} }`,
          "  }",
        ]
      : ["  identity: { type: 'SystemAssigned' }"]),
    "  properties: {",
    "    servicePrincipalProfile: { clientId: 'msi' }",
    ...(kubelet ? KUBELET_PROFILE : []),
    "    // …",
    "  }",
    "}",
  ];
  return {
    title: "Bicep",
    language: "bicep",
    note: "The client id of a cluster on managed identity is msi: a template that has another one, or a secret, asks for a service principal.",
    code: lines.join("\n"),
  };
}

const KUBELET_PROFILE = [
  "    identityProfile: {",
  "      kubeletidentity: {",
  "        resourceId: kubelet.id",
  "        clientId: kubelet.properties.clientId",
  "        objectId: kubelet.properties.principalId",
  "      }",
  "    }",
];

function existingIdentity(symbol: string, id: string): string[] {
  const { name, resourceGroup = "", subscription = "" } = parseId(id);
  return [
    `resource ${symbol} 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {`,
    `  name: ${bicepText(name)}`,
    `  scope: resourceGroup(${bicepText(subscription)}, ${bicepText(resourceGroup)})`,
    "}",
    "",
  ];
}

function azureCli({ id }: ClusterPlan, { controlPlane, kubelet }: TargetIds): Snippet {
  const flags = [
    "--enable-managed-identity",
    ...(controlPlane ? [`--assign-identity ${shell(controlPlane)}`] : []),
    ...(kubelet ? [`--assign-kubelet-identity ${shell(kubelet)}`] : []),
  ];
  return {
    title: "Azure CLI",
    language: "sh",
    note: "The first command shows what the cluster uses now; in scripts, the flags below take the place of --service-principal and --client-secret.",
    code: [
      `az aks show --ids ${shell(id)} \\`,
      '  --query "{identity:identity, clientId:servicePrincipalProfile.clientId, kubelet:identityProfile.kubeletidentity}"',
      "",
      ...flags.map((flag, index) => `# ${index === 0 ? "az aks create …" : "               "} ${flag}`),
    ].join("\n"),
  };
}

function hcl(text: string): string {
  return JSON.stringify(text).replace(/[$%](?=\{)/g, "$&$&");
}

function bicepText(text: string): string {
  return `'${text.replace(/[\\']|\$(?=\{)/g, "\\$&")}'`;
}
