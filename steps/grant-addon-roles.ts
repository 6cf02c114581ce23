import type { Azure } from "../src/azure/azure.ts";
import type { Change } from "../src/engine/step.ts";
import { type GrantStep, grantStep } from "../src/migration/grant-step.ts";
import type { Grant } from "../src/migration/grants.ts";
import type { Migration } from "../src/migration/migration.ts";

/** Gives the add-ons' own identities, which Azure makes with the switch, the rights that they had through the service principal. */
export function grantAddonRoles(migration: Migration, grants: readonly Grant[], azure: Azure): GrantStep {
  const addons = [...new Set(grants.map((grant) => grant.who))];
  const gaps = addons.map(
    (who): Change => ({
      key: `gap:${who}`,
      summary: `add-on ${who.slice("addon:".length)} is without its rights from the switch until its new roles work`,
      reason: "its identity exists only after the switch; its roles are assigned as soon as Azure shows it",
      risk: "disruptive",
    }),
  );
  return grantStep({ id: "grant-addon-roles", azure, migration, grants, gaps });
}
