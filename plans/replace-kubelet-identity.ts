import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import { controlPlaneGrants, kubeletGrants } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";
import { assignKubeletIdentity } from "../steps/assign-kubelet-identity.ts";
import { assignRoles } from "../steps/assign-roles.ts";
import { attachAcr } from "../steps/attach-acr.ts";
import { awaitRolePropagation } from "../steps/await-role-propagation.ts";
import { createIdentities } from "../steps/create-identities.ts";
import { upgradeNodeImages } from "../steps/upgrade-node-images.ts";
import { verifyMigration } from "../steps/verify-migration.ts";

/** The nodes get another kubelet identity, which can pull before any of them is re-imaged; the control plane keeps its own. */
export function replaceKubeletIdentity(migration: Migration, azure: Azure): AnyStep[] {
  const { clusterId, facts, target } = migration;
  const pull = kubeletGrants(facts);
  const before = [...controlPlaneGrants(clusterId, facts, target), ...pull];
  return [
    createIdentities(migration, { controlPlane: undefined, kubelet: target.kubelet }, azure),
    assignRoles(migration, before, azure),
    awaitRolePropagation(migration, before, azure),
    assignKubeletIdentity(migration, target.kubelet!, undefined, azure),
    attachAcr(migration, pull, azure),
    upgradeNodeImages(migration, [], azure),
    verifyMigration(migration, azure),
  ];
}
