import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import type { Migration } from "../src/migration/migration.ts";
import type { PathId } from "../src/plan/schema.ts";
import { finishNodeMigration } from "./finish-node-migration.ts";
import { managedIdentityToUserAssigned } from "./managed-identity-to-user-assigned.ts";
import { replaceKubeletIdentity } from "./replace-kubelet-identity.ts";
import { servicePrincipalToSystemAssigned } from "./service-principal-to-system-assigned.ts";
import { servicePrincipalToUserAssigned } from "./service-principal-to-user-assigned.ts";

/** The migration paths, by the name that a plan file gives them. */
export const PATH_STEPS: Readonly<Record<PathId, (migration: Migration, azure: Azure) => AnyStep[]>> = {
  "service-principal-to-user-assigned": servicePrincipalToUserAssigned,
  "service-principal-to-system-assigned": servicePrincipalToSystemAssigned,
  "system-assigned-to-user-assigned": managedIdentityToUserAssigned,
  "user-assigned-to-user-assigned": managedIdentityToUserAssigned,
  "replace-kubelet-identity": replaceKubeletIdentity,
  "finish-node-migration": finishNodeMigration,
  none: () => [],
};
