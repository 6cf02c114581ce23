import { asArray, asObject, asString, at } from "../../azure/json.ts";
import { LINKS, RULES } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import type { ClusterReading } from "../reading.ts";

/** How people get at the cluster, from its own object. */
function accessOf({ cluster }: ClusterReading) {
  const properties = asObject(cluster["properties"]);
  const profile = properties["aadProfile"];
  const serverApplication = asString(at(profile, "serverAppID"));
  const isManaged = at(profile, "managed") === true;
  return {
    // The legacy integration cannot do without a server application; a profile with neither says that there is none.
    hasEntra: isManaged || serverApplication !== undefined,
    isManaged,
    serverApplication,
    azureRbac: at(profile, "enableAzureRBAC") === true,
    adminGroups: asArray(at(profile, "adminGroupObjectIDs")),
    localAccounts: properties["disableLocalAccounts"] !== true,
    kubernetesRbac: properties["enableRBAC"],
  };
}

/** OP001 and ID016: sign-in with Microsoft Entra, and its legacy form with applications of one's own. */
export function checkEntraIntegration(reading: ClusterReading): Outcome[] {
  const { hasEntra, isManaged, serverApplication } = accessOf(reading);
  if (!hasEntra) {
    return [
      {
        check: "OP001",
        severity: "medium",
        seen: "people do not sign in with Microsoft Entra: the cluster has no Entra integration",
        remedy: "Enable it with `az aks update --enable-aad`; it cannot be turned off again.",
        link: LINKS.entra,
        rules: RULES.entra,
      },
    ];
  }
  if (isManaged) return [];
  return [
    {
      check: "ID016",
      severity: "high",
      seen: `the Entra integration is the legacy one, with the server application ${serverApplication}`,
      remedy:
        "Move it to the managed one with `az aks update --enable-aad`. The migration to managed identity does not change it.",
      link: LINKS.entra,
      rules: [RULES.entra[0]],
    },
  ];
}

/** OP002: Kubernetes RBAC can only be chosen when a cluster is created. */
export function checkKubernetesRbac(reading: ClusterReading): Outcome[] {
  if (accessOf(reading).kubernetesRbac !== false) return [];
  return [
    {
      check: "OP002",
      severity: "high",
      seen: "Kubernetes RBAC is off: whoever reaches the cluster may do everything",
      remedy: "Build a new cluster with RBAC; it cannot be turned on later.",
      link: LINKS.kubernetesRbac,
      rules: RULES.kubernetesRbac,
    },
  ];
}

/** OP003: Azure RBAC decides on Kubernetes rights with Azure's own roles. */
export function checkAzureRbac(reading: ClusterReading): Outcome[] {
  if (accessOf(reading).azureRbac) return [];
  return [
    {
      check: "OP003",
      severity: "low",
      seen: "rights in the cluster are not given as Azure roles: Azure RBAC for Kubernetes is off",
      remedy: "Enable it with `az aks update --enable-azure-rbac`, after the people concerned have got their roles.",
      link: LINKS.azureRbac,
      rules: RULES.azureRbac,
    },
  ];
}

/** OP004: local accounts are certificates that no directory knows of. */
export function checkLocalAccounts(reading: ClusterReading): Outcome[] {
  if (!accessOf(reading).localAccounts) return [];
  return [
    {
      check: "OP004",
      severity: "medium",
      seen: "local accounts are on: an admin certificate works without Microsoft Entra",
      remedy:
        "With Entra integration in place, disable them (`az aks update --disable-local-accounts`) and rotate the certificates.",
      link: LINKS.localAccounts,
      rules: RULES.localAccounts,
    },
  ];
}

/** RD014: without local accounts, whoever is to repair the cluster needs another way in. */
export function checkAdminAccess(reading: ClusterReading): Outcome[] {
  const { localAccounts, adminGroups, azureRbac } = accessOf(reading);
  if (localAccounts || adminGroups.length > 0 || azureRbac) return [];
  return [
    {
      check: "RD014",
      severity: "medium",
      seen: "local accounts are off, and neither an admin group nor Azure RBAC lets anybody administer the cluster",
      remedy: "Name an admin group (`az aks update --aad-admin-group-object-ids`) before a migration.",
      link: LINKS.entra,
    },
  ];
}
