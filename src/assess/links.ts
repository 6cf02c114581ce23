/** Pages of Microsoft's documentation that findings send people to. */
export const LINKS = {
  managedIdentity: "https://learn.microsoft.com/azure/aks/use-managed-identity",
  servicePrincipal: "https://learn.microsoft.com/azure/aks/kubernetes-service-principal",
  nodeImage: "https://learn.microsoft.com/azure/aks/node-image-upgrade",
  permissions: "https://learn.microsoft.com/azure/aks/aks-service-permissions",
  entra: "https://learn.microsoft.com/azure/aks/managed-azure-ad",
  azureRbac: "https://learn.microsoft.com/azure/aks/manage-azure-rbac",
  localAccounts: "https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad",
  kubernetesRbac: "https://learn.microsoft.com/azure/aks/concepts-identity",
  workloadIdentity: "https://learn.microsoft.com/azure/aks/workload-identity-overview",
  registry: "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration",
  containerInsights: "https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-authentication",
  appRouting: "https://learn.microsoft.com/azure/aks/app-routing",
  maintenance: "https://learn.microsoft.com/azure/aks/planned-maintenance",
  nodeDisruption: "https://learn.microsoft.com/azure/aks/node-disruption-policy",
  commandInvoke: "https://learn.microsoft.com/azure/aks/access-private-cluster",
  policies: "https://learn.microsoft.com/azure/aks/policy-reference",
  tenantMove: "https://learn.microsoft.com/azure/role-based-access-control/transfer-subscription",
} as const;

/** Rules of other tools that look at the same thing, as findings name them. */
export const RULES = {
  managedIdentity: [
    "PSRule Azure.AKS.ManagedIdentity (AZR-000025)",
    "Azure Policy da6e2401-19da-4532-9141-fb8fbde08431",
  ],
  podIdentity: ["PSRule Azure.AKS.PodIdentity (AZR-000037)"],
  workloadIdentity: ["Azure Policy 2cc2e023-0dac-4046-875b-178f683929d5"],
  entra: ["PSRule Azure.AKS.ManagedAAD (AZR-000029)", "Azure Policy 450d2877-ebea-41e8-b00c-e286317d21bf"],
  localAccounts: ["PSRule Azure.AKS.LocalAccounts (AZR-000031)", "Azure Policy 993c2fcd-2b29-49d2-9eb0-df2c3a730c32"],
  azureRbac: ["PSRule Azure.AKS.AzureRBAC (AZR-000032)"],
  kubernetesRbac: ["PSRule Azure.AKS.UseRBAC (AZR-000038)"],
  httpRouting: ["PSRule Azure.AKS.HttpAppRouting (AZR-000035)"],
  maintenance: ["PSRule Azure.AKS.MaintenanceWindow (AZR-000446)"],
} as const;
