import type { Azure } from "../src/azure/azure.ts";
import type { AnyStep } from "../src/engine/step.ts";
import type { Migration } from "../src/migration/migration.ts";
import type { PathId } from "../src/plan/schema.ts";
import { servicePrincipalToSystemAssigned } from "./service-principal-to-system-assigned.ts";
import { servicePrincipalToUserAssigned } from "./service-principal-to-user-assigned.ts";

/** The migration paths, by the name that a plan file gives them. */
export const PATH_STEPS: Readonly<Partial<Record<PathId, (migration: Migration, azure: Azure) => AnyStep[]>>> = {
  "service-principal-to-user-assigned": servicePrincipalToUserAssigned,
  "service-principal-to-system-assigned": servicePrincipalToSystemAssigned,
  none: () => [],
};
