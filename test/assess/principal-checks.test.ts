import { expect, test } from "vitest";
import type { Check } from "../../src/assess/checks/all-checks.ts";
import * as principal from "../../src/assess/checks/service-principal.ts";
import { known, unknown } from "../../src/assess/outcome.ts";
import type { ClusterReading } from "../../src/assess/reading.ts";
import { BUILT_IN_ROLES } from "../../src/migration/built-in-roles.ts";
import { GROUP, onServicePrincipal, readingOf, right, SUBSCRIPTION, say } from "./readings.ts";

const on = (day: string) => new Date(`${day}T00:00:00Z`);
const sp = { objectId: "o", appId: "a", displayName: "sp-shop" };
const holds = (role: keyof typeof BUILT_IN_ROLES, scope: string, more = {}) =>
  onServicePrincipal({ rights: { items: [right(scope, role, {}, { roleGuid: BUILT_IN_ROLES[role], ...more })] } });
const unreadable = onServicePrincipal({
  principal: unknown("Graph"),
  credentialEnds: unknown("Graph"),
  rights: { items: [], gap: "403" },
  otherClusters: { items: [], gap: "403" },
});
const VAULT = `${SUBSCRIPTION}/resourceGroups/rg-secrets/providers/Microsoft.KeyVault/vaults/kv`;
const REGISTRY = `${SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.ContainerRegistry/registries/acr`;

const CASES: [string, Check, ClusterReading, string[]][] = [
  [
    "a secret that ended",
    principal.checkCredentialEnds,
    onServicePrincipal({ credentialEnds: known([on("2026-11-01")]) }),
    ["ID003 critical"],
  ],
  [
    "a secret that ends in 29 days",
    principal.checkCredentialEnds,
    onServicePrincipal({ credentialEnds: known([on("2026-12-21")]) }),
    ["ID003 critical"],
  ],
  [
    "a secret that ends in 60 days",
    principal.checkCredentialEnds,
    onServicePrincipal({ credentialEnds: known([on("2027-01-21")]) }),
    ["ID003 high"],
  ],
  [
    "a later secret beside one that ended",
    principal.checkCredentialEnds,
    onServicePrincipal({ credentialEnds: known([on("2027-11-01"), on("2026-11-01")]) }),
    [],
  ],
  [
    "no secret that shows",
    principal.checkCredentialEnds,
    onServicePrincipal({ credentialEnds: known([]) }),
    ["ID003 not assessed"],
  ],
  ["secrets that may not be read", principal.checkCredentialEnds, unreadable, ["ID003 not assessed"]],
  [
    "the forgotten principal of half-migrated nodes",
    principal.checkCredentialEnds,
    readingOf({ state: "half-migrated" }),
    ["ID003 not assessed"],
  ],
  ["managed identity, which has no secret", principal.checkCredentialEnds, readingOf(), []],

  [
    "a principal that is gone",
    principal.checkPrincipalExists,
    onServicePrincipal({ principal: known(undefined) }),
    ["ID004 critical"],
  ],
  [
    "a principal that is disabled",
    principal.checkPrincipalExists,
    onServicePrincipal({ principal: known({ ...sp, enabled: false }) }),
    ["ID004 critical"],
  ],
  ["a principal that may not be looked up", principal.checkPrincipalExists, unreadable, ["ID004 not assessed"]],
  ["a principal that is there", principal.checkPrincipalExists, onServicePrincipal(), []],

  [
    "a shared principal",
    principal.checkPrincipalIsShared,
    onServicePrincipal({ otherClusters: { items: ["/other"] } }),
    ["ID005 medium"],
  ],
  ["perhaps a shared principal", principal.checkPrincipalIsShared, unreadable, ["ID005 not assessed"]],
  ["a principal of its own", principal.checkPrincipalIsShared, onServicePrincipal(), []],

  ["Owner of one resource group", principal.checkPrincipalIsNarrow, holds("Owner", GROUP), ["ID006 high"]],
  [
    "Contributor on the subscription",
    principal.checkPrincipalIsNarrow,
    holds("Contributor", SUBSCRIPTION),
    ["ID006 high"],
  ],
  ["Contributor on its own group", principal.checkPrincipalIsNarrow, holds("Contributor", GROUP), []],
  ["roles that may not be read", principal.checkPrincipalIsNarrow, unreadable, ["ID006 not assessed"]],

  [
    "a right through a group",
    principal.checkIndirectRights,
    holds("Reader", GROUP, { through: "group" }),
    ["RB013 high", "RB013 not assessed"],
  ],
  [
    "a right under a condition",
    principal.checkIndirectRights,
    holds("Reader", GROUP, { conditional: true }),
    ["RB013 high", "RB013 not assessed"],
  ],
  ["rights of its own", principal.checkIndirectRights, holds("Reader", GROUP), ["RB013 not assessed"]],

  ["a role on somebody's vault", principal.checkOtherUses, holds("Contributor", VAULT), ["WK009 medium"]],
  [
    "a role on somebody's resource group",
    principal.checkOtherUses,
    holds("Contributor", `${SUBSCRIPTION}/resourceGroups/rg-web`),
    ["WK009 medium"],
  ],
  ["a role on a registry", principal.checkOtherUses, holds("AcrPull", REGISTRY), []],
  ["a role on its own group", principal.checkOtherUses, holds("Contributor", GROUP), []],
  ["roles that may not be read", principal.checkOtherUses, unreadable, ["WK009 not assessed"]],
];

test.each(CASES)("%s", (_, check, reading, expected) => {
  expect(say(check, reading)).toEqual(expected);
});

test("a finding about secrets shows the latest end and those before it", () => {
  const [finding] = principal.checkCredentialEnds(
    onServicePrincipal({ credentialEnds: known([on("2026-12-01"), on("2026-11-25")]) }),
  );
  expect(finding).toMatchObject({ seen: expect.stringMatching(/2026-12-01.*earlier ones: 2026-11-25/) });
});

test("a deleted principal that can still be restored is said to be, with the command", () => {
  const restoreUrl = "https://graph.microsoft.us/v1.0/directory/deletedItems/the-object/restore";
  const deleted = { objectId: "the-object", displayName: "sp-shop", deletedAt: on("2026-11-20"), restoreUrl };
  const [finding] = principal.checkPrincipalExists(onServicePrincipal({ principal: known(undefined), deleted }));
  expect(finding).toMatchObject({
    seen: expect.stringContaining("among the deleted items of the directory since 2026-11-20"),
    remedy: expect.stringContaining(`az rest --method POST --url ${restoreUrl}`),
  });
});
