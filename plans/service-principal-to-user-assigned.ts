import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import { addonGrants } from "../src/migration/addon-grants.ts";
import { deadPrincipalGap, kubeletGap, reimagedTwiceGap } from "../src/migration/gaps.ts";
import { controlPlaneGrants, kubeletGrants } from "../src/migration/grants.ts";
import { COMBINED_REFUSED, type Migration } from "../src/migration/migration.ts";
import { assignKubeletIdentity } from "../steps/assign-kubelet-identity.ts";
import { assignRoles } from "../steps/assign-roles.ts";
import { attachAcr } from "../steps/attach-acr.ts";
import { awaitKubeletPropagation } from "../steps/await-kubelet-propagation.ts";
import { awaitRolePropagation } from "../steps/await-role-propagation.ts";
import { awaitTokenSwitchover } from "../steps/await-token-switchover.ts";
import { createIdentities } from "../steps/create-identities.ts";
import { enableManagedIdentity } from "../steps/enable-managed-identity.ts";
import { grantAddonRoles } from "../steps/grant-addon-roles.ts";
import { upgradeNodeImages } from "../steps/upgrade-node-images.ts";
import { verifyMigration } from "../steps/verify-migration.ts";

/** From a service principal to user-assigned identities: everything has its rights before the switch that can have them. */
export function servicePrincipalToUserAssigned(migration: Migration, azure: Azure): AnyStep[] {
  const { clusterId, cloud, facts, target } = migration;
  const own = target.kubelet;
  const pull = kubeletGrants(facts);
  const before = [...controlPlaneGrants(clusterId, facts, target), ...(own ? pull : [])];
  return [
    createIdentities(migration, target, azure),
    assignRoles(migration, before, azure),
    awaitRolePropagation(migration, before, azure),
    enableManagedIdentity(migration, [], azure),
    ...(own ? [assignKubeletIdentity(migration, own, COMBINED_REFUSED, azure)] : []),
    attachAcr(migration, pull, azure),
    grantAddonRoles(migration, addonGrants(clusterId, cloud, facts), azure),
    awaitKubeletPropagation(migration, pull, own ? [] : kubeletGap(pull), azure),
    upgradeNodeImages(migration, own ? reimagedTwiceGap(pull) : [], azure),
    verifyMigration(migration, azure),
    awaitTokenSwitchover(migration, deadPrincipalGap(migration), azure),
  ];
}
