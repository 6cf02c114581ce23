import { describe, expect, it } from "vitest";
import { allows, allowsData } from "../../src/azure/role-definitions.ts";
import { BUILT_IN_ROLES as DEFINITIONS } from "../../src/emulator/roles.ts";
import { BUILT_IN_ROLES, builtInRole, PULL_ACTION, PULL_DATA_ACTION } from "../../src/migration/built-in-roles.ts";

const idOf = (guid: string) => `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${guid}`;

describe("built-in roles that are known without asking", () => {
  it.each(Object.entries(BUILT_IN_ROLES))("says of %s what its definition says", (name, guid) => {
    const definition = DEFINITIONS.find((role) => role.guid === guid)!;
    const pulls = allows(definition, PULL_ACTION) || allowsData(definition, PULL_DATA_ACTION);
    expect(builtInRole(idOf(guid.toUpperCase()))).toEqual({ name: definition.name, pulls });
    expect(definition.name).toBe(name);
  });

  it("knows nothing of a custom role", () => {
    expect(builtInRole(idOf("6d2a6a4e-3a57-4f0e-9b1e-6f1f4f0c2a11"))).toBeUndefined();
  });
});
