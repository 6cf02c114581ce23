const GRANT_ACTION =
  "Ask for a role with the action that the message names on its scope (or activate it in PIM), then run the command again.";
const RESUME = "then run `aks-mi resume`.";
const WAIT_FOR_ROLE = `wait for it to work (up to an hour), ${RESUME}`;
const RESET_PRINCIPAL = `Give the cluster a valid secret with \`az aks update-credentials --reset-service-principal\` (which re-images the nodes), ${RESUME} With another service principal, make a new plan.`;
const USE_USER_ASSIGNED = "Make a new plan with --to user-assigned.";

/** What to do about an answer of Azure, by Azure's own code: codes are compared, never texts. */
const REMEDIES: Readonly<Record<string, string>> = {
  // Azure Resource Manager
  AuthorizationFailed: GRANT_ACTION,
  LinkedAuthorizationFailed:
    "Ask for the role that the message names on the linked scope (Managed Identity Operator on the identities), then run the command again.",
  RequestDisallowedByPolicy: "Ask for an exemption from the policy that the message names, then run the command again.",
  ScopeLocked: `Remove the lock that the message names for the time of the migration, ${RESUME}`,
  SubscriptionNotFound:
    "Check the subscription's id, and that you are signed in to its tenant (`az account list -o table`).",
  ResourceGroupNotFound:
    "Check the resource group's name; one for new identities has to exist (`az group create`). Then run the command again.",
  // Identities and roles
  PrincipalNotFound: `Wait until Microsoft Entra has replicated the new principal, ${RESUME}`,
  RoleAssignmentUpdateNotPermitted: `Remove the role assignment of this name, which belongs to somebody else, ${RESUME}`,
  RoleAssignmentLimitExceeded: `Remove role assignments that nobody needs any more (those of unknown identities first), ${RESUME}`,
  LocationNotAvailableForResourceType:
    "Make a new plan with --to system-assigned, or with identities that exist in another region.",
  FailedIdentityOperation: `Make the identity that the message names again under its name, ${RESUME}`,
  // The AKS resource provider
  OperationNotAllowed: `Wait until the other operation on the cluster has ended, ${RESUME}`,
  EtagMismatch: `Wait until the other operation on the cluster has ended, ${RESUME}`,
  PreconditionFailed: `Wait until nobody else changes the cluster, ${RESUME}`,
  CustomKubeletIdentityMissingPermissionError: `Give the control-plane identity Managed Identity Operator on the kubelet identity, ${WAIT_FOR_ROLE}`,
  CustomRouteTableMissingPermission: `Give the control-plane identity Network Contributor on the route table that the message names, ${WAIT_FOR_ROLE}`,
  CustomPrivateDNSZoneMissingPermissionError: `Give the control-plane identity Private DNS Zone Contributor on the zone that the message names, ${WAIT_FOR_ROLE}`,
  CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster:
    "Make a new plan with --to user-assigned, or with --kubelet-identity aks.",
  CustomKubeletIdentityPropertyError:
    "Make a new plan with --kubelet-identity aks, or with an identity that exists in a region that supports it.",
  CustomRouteTableWithUnsupportedMSIType: USE_USER_ASSIGNED,
  OnlySupportedOnUserAssignedMSICluster: USE_USER_ASSIGNED,
  ChangeKubeletIdentityNotAllowed:
    "Open a support request with the correlation ids of the run's report: only Azure can undo what an earlier update has left.",
  UnsatisfiablePDB: `Let the disruption budget that the message names allow an eviction, ${RESUME}`,
  ServicePrincipalNotFound: RESET_PRINCIPAL,
  ServicePrincipalValidationClientError: RESET_PRINCIPAL,
  InvalidClientSecret: RESET_PRINCIPAL,
};

/** Microsoft Entra's own codes, which stand in the text of another error: its last secret is over, wrong, or its application gone. */
const ENTRA_CODES_OF_DEAD_PRINCIPALS = /\bAADSTS(7000222|7000215|700016)\b/;

/** What the user can do about an answer of Azure, as a sentence. */
export function remedyFor(status: number, azureCode: string, message = ""): string {
  const known = REMEDIES[azureCode];
  if (known !== undefined) return known;
  if (ENTRA_CODES_OF_DEAD_PRINCIPALS.test(message)) return RESET_PRINCIPAL;
  if (status === 403) return GRANT_ACTION;
  if (status === 404) return "Check the id, and that the account you are signed in with may read it.";
  return `Read what Azure says, put it right, ${RESUME}`;
}
