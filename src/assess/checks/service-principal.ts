import { BUILT_IN_ROLES, ROLES_THAT_GRANT_ROLES } from "../../migration/built-in-roles.ts";
import { isBelowSubscription, isForeignRole } from "../../migration/foreign-roles.ts";
import { checkCredentials, principalDisabled, principalGone } from "../../migration/principal.ts";
import { LINKS } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import type { ClusterReading } from "../reading.ts";
import type { HeldRight } from "../rights.ts";

/** ID003: when the credentials end. Those of a half-migrated cluster's nodes cannot be looked up: Azure forgets whose they are. */
export function checkCredentialEnds({ state, servicePrincipal, now }: ClusterReading): Outcome[] {
  if (!servicePrincipal) {
    if (state !== "half-migrated") return [];
    return [
      { check: "ID003", reason: "the cluster does not name the service principal any more that its nodes still use" },
    ];
  }
  const { principal, credentialEnds } = servicePrincipal;
  if (!principal.known) return [{ check: "ID003", reason: principal.reason }];
  if (!principal.value) return [];
  if (!credentialEnds.known) return [{ check: "ID003", reason: credentialEnds.reason }];
  if (credentialEnds.value.length === 0) {
    return [{ check: "ID003", reason: `the directory shows no credentials of ${principal.value.displayName}` }];
  }
  return checkCredentials(principal.value.displayName, credentialEnds.value, now);
}

/** ID004: a principal that is gone or disabled gets no token, whatever its secret says. */
export function checkPrincipalExists({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const { principal, clientId, deleted } = servicePrincipal;
  if (!principal.known) return [{ check: "ID004", reason: principal.reason }];
  if (!principal.value) return [principalGone(clientId, deleted)];
  return principal.value.enabled ? [] : [principalDisabled(principal.value)];
}

/** ID005: clusters that share a principal are migrated together, and it is needed until the last is through. */
export function checkPrincipalIsShared({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const { items, gap } = servicePrincipal.otherClusters;
  if (items.length === 0) return gap === undefined ? [] : [{ check: "ID005", reason: gap }];
  return [
    {
      check: "ID005",
      severity: "medium",
      seen: `its service principal is also used by ${items.map((id) => id.split("/").at(-1)).join(", ")}`,
      remedy: "Migrate these clusters close together, and keep the service principal until the last one is through.",
      link: LINKS.servicePrincipal,
    },
  ];
}

/** ID006: rights that no cluster needs. */
export function checkPrincipalIsNarrow({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const { items, gap } = servicePrincipal.rights;
  const wide = items.filter(
    ({ roleGuid, scope }) =>
      ROLES_THAT_GRANT_ROLES.has(roleGuid) || (roleGuid === BUILT_IN_ROLES.Contributor && !isBelowSubscription(scope)),
  );
  if (wide.length === 0) return gap === undefined ? [] : [{ check: "ID006", reason: gap }];
  return [
    {
      check: "ID006",
      severity: "high",
      seen: `its service principal holds ${describeRights(wide)}`,
      remedy:
        "The migration does not copy these roles: it gives the new identities what the cluster's own resources need.",
      link: LINKS.permissions,
    },
  ];
}

/** RB013: rights that the plain list of assignments does not show, or not in full. */
export function checkIndirectRights({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const { items, gap } = servicePrincipal.rights;
  const outcomes: Outcome[] = [
    {
      check: "RB013",
      reason:
        gap ??
        "Key Vault access policies, application roles and Graph permissions of the service principal are not read",
    },
  ];
  const indirect = items.filter(({ through, conditional }) => through !== undefined || conditional);
  if (indirect.length === 0) return outcomes;
  return [
    {
      check: "RB013",
      severity: "high",
      seen: `its service principal holds through groups or under conditions: ${describeRights(indirect)}`,
      remedy:
        "Decide for each whether the new identities need it, and assign it to them directly: groups take hours to work.",
      link: LINKS.permissions,
    },
    ...outcomes,
  ];
}

/** WK009: roles that have nothing to do with a cluster: pipelines or applications use the same principal. */
export function checkOtherUses({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  const { items, gap } = servicePrincipal.rights;
  const foreign = items.filter((right) => isForeignRole(right, servicePrincipal.clusterScopes));
  if (foreign.length === 0) return gap === undefined ? [] : [{ check: "WK009", reason: gap }];
  return [
    {
      check: "WK009",
      severity: "medium",
      seen: `its service principal holds roles that no cluster needs, so something else signs in with it: ${describeRights(foreign)}`,
      remedy:
        "Find what uses it (its sign-in logs) and give that a federated credential or an identity of its own, before the principal is removed.",
      link: LINKS.servicePrincipal,
    },
  ];
}

function describeRights(rights: readonly HeldRight[]): string {
  const shown = rights.slice(0, 5).map(({ roleName, scope, through, conditional }) => {
    const how = [through ? `through group ${through}` : "", conditional ? "under a condition" : ""].filter(Boolean);
    return `${roleName} on ${scopeName(scope)}${how.length > 0 ? ` (${how.join(", ")})` : ""}`;
  });
  return rights.length > 5 ? `${shown.join(", ")} and ${rights.length - 5} more` : shown.join(", ");
}

function scopeName(scope: string): string {
  if (scope === "/" || scope === "") return "everything";
  if (isBelowSubscription(scope)) return scope.split("/").at(-1)!;
  return scope.replace(/^\//, "").replace(/^subscriptions\//i, "subscription ");
}
