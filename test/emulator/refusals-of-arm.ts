import { CLUSTER, GROUP, REGISTRY, ROLES, roleId, SERVICE_PRINCIPAL, SUBSCRIPTION, userAssigned } from "./harness.ts";
import {
  ASK_FOR_ROLE,
  assign,
  CHECK_ID,
  caller,
  IDENTITIES,
  NEW_GUID,
  READ_AND_RESUME,
  type Refusal,
  VERSION,
} from "./refusal-bench.ts";

/** What Azure Resource Manager, the providers of identities and roles, and Microsoft Graph refuse. */
export const REFUSALS_OF_ARM: readonly Refusal[] = [
  {
    code: "AuthorizationFailed",
    status: 403,
    says: /does not have authorization to perform action 'Microsoft.ContainerService\/managedClusters\/write' over scope/,
    remedy: ASK_FOR_ROLE,
    behaviour: caller("Reader"),
    provoke: ({ put }) => put({}),
  },
  {
    code: "LinkedAuthorizationFailed",
    status: 403,
    says: /does not have permission to perform action 'Microsoft.ManagedIdentity\/userAssignedIdentities\/assign\/action' on the linked scope/,
    remedy: /Managed Identity Operator on the identities/,
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web");
      await bench.harness.expect(
        200,
        "PATCH",
        "/_emulator/behaviour",
        caller("Azure Kubernetes Service Contributor Role"),
      );
      return bench.put({ identity: userAssigned(id) });
    },
  },
  {
    code: "RequestDisallowedByPolicy",
    status: 403,
    says: /was disallowed by policy\. Policy identifiers: .*only-known-tags/,
    remedy: /^Ask for an exemption from the policy that the message names/,
    behaviour: { policies: [{ name: "only-known-tags", type: "*", scope: GROUP }] },
    provoke: ({ put }) => put({}),
  },
  {
    code: "ScopeLocked",
    status: 409,
    says: /cannot perform write operation because following scope\(s\) are locked/,
    remedy: /^Remove the lock that the message names for the time of the migration/,
    behaviour: { locks: [{ name: "keep", scope: GROUP, level: "ReadOnly" }] },
    provoke: ({ put }) => put({}),
  },
  {
    code: "SubscriptionNotFound",
    status: 404,
    says: /could not be found/,
    remedy: /^Check the subscription's id/,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/99999999-9999-4999-8999-999999999999${VERSION}`),
  },
  {
    code: "InvalidResourceType",
    status: 404,
    says: /The resource type could not be found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/${SUBSCRIPTION}/nothing/of/this${VERSION}`),
  },
  {
    code: "ResourceGroupNotFound",
    status: 404,
    says: /Resource group 'rg-none' could not be found/,
    remedy: /^Check the resource group's name; .*`az group create`/,
    provoke: ({ arm }) => arm.get("read", `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-none${VERSION}`),
  },
  {
    code: "ResourceNotFound",
    status: 404,
    says: /The Resource 'Microsoft.ContainerService\/managedClusters\/none' under resource group 'rg-app' was not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${CLUSTER.replace(/web$/, "none")}${VERSION}`),
  },
  {
    code: "MissingApiVersionParameter",
    status: 400,
    says: /api-version query parameter .* is required/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.get("read", CLUSTER),
  },
  {
    code: "MethodNotAllowed",
    status: 405,
    says: /The HTTP method 'TRACE' is not supported on the resource/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.send("trace", "TRACE", `${CLUSTER}${VERSION}`),
  },
  {
    code: "InvalidRequestContent",
    status: 400,
    says: /The request content was invalid/,
    remedy: READ_AND_RESUME,
    provoke: (bench) => assign(bench, {}),
  },
  {
    code: "LocationRequired",
    status: 400,
    says: /location property is required/,
    remedy: READ_AND_RESUME,
    provoke: ({ arm }) => arm.send("create an identity", "PUT", `${IDENTITIES}/id-web${VERSION}`, {}),
  },
  {
    code: "LocationNotAvailableForResourceType",
    status: 400,
    says: /'usdodcentral' is not available for resource type/,
    remedy: /--identity-resource-group|another region|--to system-assigned/,
    provoke: ({ arm }) =>
      arm.send("create an identity", "PUT", `${IDENTITIES}/id-web${VERSION}`, { location: "usdodcentral" }),
  },
  {
    code: "PrincipalNotFound",
    status: 400,
    says: /does not exist in the directory .* replication delay/,
    remedy: /^Wait until Microsoft Entra has replicated the new principal/,
    provoke: (bench) => assign(bench, { roleDefinitionId: roleId(ROLES.acrPull), principalId: NEW_GUID }),
  },
  {
    code: "RoleAssignmentExists",
    status: 409,
    says: /The role assignment already exists\./,
    remedy: READ_AND_RESUME,
    provoke: (bench) => assign(bench, { roleDefinitionId: roleId(ROLES.acrPull), principalId: SERVICE_PRINCIPAL }),
  },
  {
    code: "RoleAssignmentLimitExceeded",
    status: 400,
    says: /No more role assignments can be created/,
    remedy: /^Remove role assignments that nobody needs any more/,
    behaviour: { roleAssignmentLimit: 2 },
    // The registry's, and the one that AKS makes itself on the nodes' resource group.
    provoke: (bench) =>
      assign(bench, {
        roleDefinitionId: roleId(ROLES.reader),
        principalId: SERVICE_PRINCIPAL,
        principalType: "ServicePrincipal",
      }),
  },
  {
    code: "RoleAssignmentUpdateNotPermitted",
    status: 400,
    says: /are not allowed to be updated/,
    remedy: /^Remove the role assignment of this name/,
    provoke: (bench) =>
      assign(
        bench,
        { roleDefinitionId: roleId(ROLES.reader), principalId: SERVICE_PRINCIPAL },
        "a0000000-0000-4000-8000-000000000001",
      ),
  },
  {
    code: "RoleAssignmentNotFound",
    status: 404,
    says: /is not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) =>
      arm.get("read", `${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/${NEW_GUID}${VERSION}`),
  },
  {
    code: "RoleDefinitionDoesNotExist",
    status: 404,
    says: /role definition/i,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${roleId(NEW_GUID)}${VERSION}`),
  },
  {
    code: "Authorization_RequestDenied",
    status: 403,
    says: /Insufficient privileges to complete the operation/,
    remedy: ASK_FOR_ROLE,
    behaviour: { graphDenied: true },
    provoke: ({ graph }) => graph.get("look it up", "/v1.0/servicePrincipals"),
  },
  {
    code: "Request_ResourceNotFound",
    status: 404,
    says: /does not exist or one of its queried reference-property objects are not present/,
    remedy: CHECK_ID,
    provoke: ({ graph }) => graph.get("look it up", `/v1.0/servicePrincipals/${NEW_GUID}`),
  },
];
