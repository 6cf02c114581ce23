import type { Outcome } from "../outcome.ts";
import type { ClusterReading } from "../reading.ts";
import {
  checkAdminAccess,
  checkAzureRbac,
  checkEntraIntegration,
  checkKubernetesRbac,
  checkLocalAccounts,
} from "./access.ts";
import { checkAddonIdentities, checkContainerInsights, checkIngressAddons, checkLockedFeatures } from "./addons.ts";
import { checkSurge, checkVersions } from "./capacity.ts";
import {
  checkHalfMigrated,
  checkIdentitiesAreSeparate,
  checkIdentitiesExist,
  checkKubeletIdentityFits,
  checkLeftovers,
  checkRegionSupport,
  checkServicePrincipal,
  checkSystemAssignedIdentity,
  checkTenant,
} from "./identity-state.ts";
import {
  checkCode,
  checkFleetUpdates,
  checkIsReady,
  checkLocksInTheWay,
  checkMaintenance,
  checkNodeImages,
  checkOldPoolKinds,
  checkPolicyDenials,
  checkReachable,
  checkSingleNodes,
} from "./readiness.ts";
import { checkAddonRights, checkAssignmentLimit, checkControlPlaneRights, checkPullRights } from "./rights.ts";
import {
  checkCredentialEnds,
  checkIndirectRights,
  checkOtherUses,
  checkPrincipalExists,
  checkPrincipalIsNarrow,
  checkPrincipalIsShared,
} from "./service-principal.ts";
import { checkPodIdentity, checkWorkloadIdentity, checkWorkloads } from "./workloads.ts";

/** A check looks at what was read of one cluster, and at nothing else. */
export type Check = (reading: ClusterReading) => readonly Outcome[];

/** Every check, in the order in which equal findings are shown. */
export const ALL_CHECKS: readonly Check[] = [
  checkServicePrincipal,
  checkHalfMigrated,
  checkCredentialEnds,
  checkPrincipalExists,
  checkPrincipalIsShared,
  checkPrincipalIsNarrow,
  checkSystemAssignedIdentity,
  checkIdentitiesExist,
  checkIdentitiesAreSeparate,
  checkKubeletIdentityFits,
  checkRegionSupport,
  checkTenant,
  checkLeftovers,
  checkControlPlaneRights,
  checkAddonRights,
  checkPullRights,
  checkIndirectRights,
  checkAssignmentLimit,
  checkPodIdentity,
  checkWorkloadIdentity,
  checkWorkloads,
  checkOtherUses,
  checkContainerInsights,
  checkIngressAddons,
  checkAddonIdentities,
  checkLockedFeatures,
  checkEntraIntegration,
  checkKubernetesRbac,
  checkAzureRbac,
  checkLocalAccounts,
  checkAdminAccess,
  checkIsReady,
  checkNodeImages,
  checkVersions,
  checkOldPoolKinds,
  checkSurge,
  checkSingleNodes,
  checkMaintenance,
  checkLocksInTheWay,
  checkPolicyDenials,
  checkCode,
  checkFleetUpdates,
  checkReachable,
];
