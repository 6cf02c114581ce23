import type { MigrationPlan } from "./schema.ts";

/** The flags with which a command that is not given the plan finds its cloud; none for the one that everybody means. */
export function cloudFlags({ cloud }: MigrationPlan["metadata"]): string[] {
  return cloud === "AzureCloud" ? [] : ["--cloud", cloud];
}
