import { APPLICATION, CLUSTER, kubeletIdentity, SERVICE_PRINCIPAL, SUBSCRIPTION, userAssigned } from "./harness.ts";
import {
  CHECK_ID,
  IDENTITIES,
  IN_OWN_NETWORK,
  NEW_GUID,
  OWN_NETWORK,
  READ_AND_RESUME,
  RESET,
  type Refusal,
  switchTo,
  VERSION,
  WAIT,
  ZONE,
} from "./refusal-bench.ts";

/** What the AKS resource provider refuses. */
export const REFUSALS_OF_AKS: readonly Refusal[] = [
  {
    code: "OperationNotAllowed",
    status: 409,
    says: /there's an in progress update managed cluster operation/,
    remedy: WAIT,
    async provoke({ put }) {
      await put({ tags: { a: "b" } });
      return put({ tags: { a: "c" } });
    },
  },
  {
    code: "EtagMismatch",
    status: 409,
    says: /Operation is not allowed: Another operation is in progress/,
    remedy: WAIT,
    behaviour: { updateConflict: "EtagMismatch" },
    async provoke({ put }) {
      await put({ tags: { a: "b" } });
      return put({ tags: { a: "c" } });
    },
  },
  {
    code: "PreconditionFailed",
    status: 412,
    says: /The precondition given in the request header is not met/,
    remedy: /^Wait until nobody else changes the cluster/,
    provoke: ({ put }) => put({}, {}, { "if-match": '"another"' }),
  },
  {
    code: "OperationNotFound",
    status: 404,
    says: /The operation '.*' was not found/,
    remedy: CHECK_ID,
    provoke: ({ arm }) =>
      arm.get(
        "read",
        `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope/operations/${NEW_GUID}${VERSION}`,
      ),
  },
  {
    code: "NotFound",
    status: 404,
    says: /Could not find agentpool 'none'/,
    remedy: CHECK_ID,
    provoke: ({ arm }) => arm.get("read", `${CLUSTER}/agentPools/none${VERSION}`),
  },
  {
    code: "BadRequest",
    status: 400,
    says: /credentials in ServicePrincipalProfile were invalid.*AADSTS7000222/,
    remedy: RESET,
    more: [
      {
        type: "Microsoft.Graph/applications",
        id: "44444444-4444-4444-8444-444444444444",
        appId: APPLICATION,
        passwordCredentials: [{ endDateTime: "2026-03-01T00:00:00Z" }],
      },
    ],
    provoke: ({ put }) => put({ tags: { a: "b" } }),
  },
  {
    code: "ServicePrincipalNotFound",
    status: 400,
    says: /Service principal clientID: .* not found in Active Directory tenant/,
    remedy: RESET,
    async provoke({ harness, put }) {
      await harness.expect(204, "DELETE", `/v1.0/servicePrincipals/${SERVICE_PRINCIPAL}`);
      return put({ tags: { a: "b" } });
    },
  },
  {
    code: "ChangeServicePrincipalProfileNotAllowed",
    status: 400,
    says: /Updating service principal profile is not allowed/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({}, { servicePrincipalProfile: { clientId: NEW_GUID } }),
  },
  {
    code: "NodeDisruptionPolicyViolation",
    status: 400,
    says: /its node disruption policy is Block/,
    remedy: READ_AND_RESUME,
    cluster: { nodeDisruptionProfile: { nodeDisruptionPolicy: "Block" } },
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "UnsatisfiablePDB",
    status: 400,
    says: /PDB api has maxunavailable == 0/,
    remedy: /^Let the disruption budget that the message names allow an eviction/,
    behaviour: { identityUpdateReimagesNodes: true },
    more: [
      {
        type: "Kubernetes/PodDisruptionBudget",
        id: "budget",
        cluster: CLUSTER,
        metadata: { name: "api", namespace: "shop" },
        spec: { maxUnavailable: 0 },
      },
    ],
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "InvalidIdentityType",
    status: 400,
    says: /The identity type 'Both' is not supported/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({ identity: { type: "Both" } }),
  },
  {
    code: "InvalidIdentityValues",
    status: 400,
    says: /The identity ids must not be null or empty/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) => put({ identity: { type: "UserAssigned", userAssignedIdentities: {} } }),
  },
  {
    code: "InvalidParameter",
    status: 400,
    says: /Only one user assigned identity is supported/,
    remedy: READ_AND_RESUME,
    provoke: ({ put }) =>
      put({
        identity: {
          type: "UserAssigned",
          userAssignedIdentities: { [`${IDENTITIES}/a`]: {}, [`${IDENTITIES}/b`]: {} },
        },
      }),
  },
  {
    code: "FailedIdentityOperation",
    status: 400,
    says: /Failed to perform resource identity operation/,
    remedy: /^Make the identity that the message names again under its name/,
    provoke: ({ put }) => put({ identity: userAssigned(`${IDENTITIES}/id-none`) }),
  },
  {
    code: "CustomKubeletIdentityMissingPermissionError",
    status: 400,
    says: /must be granted 'Managed Identity Operator' role to assign kubelet identity/,
    remedy: /^Give the control-plane identity Managed Identity Operator on the kubelet identity/,
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web-kubelet");
      return switchTo(bench, kubeletIdentity(id));
    },
  },
  {
    code: "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
    status: 400,
    says: /only supported on clusters with a user-assigned managed identity/,
    remedy: /--to user-assigned, or with --kubelet-identity aks/,
    async provoke({ harness, put }) {
      const { id } = await harness.identity("id-web-kubelet");
      return put({ identity: { type: "SystemAssigned" } }, kubeletIdentity(id));
    },
  },
  {
    code: "CustomKubeletIdentityPropertyError",
    status: 400,
    says: /Custom kubelet identity is not supported in this region/,
    remedy: /--kubelet-identity aks/,
    top: { location: "chinaeast" },
    async provoke(bench) {
      const { id } = await bench.harness.identity("id-web-kubelet");
      return switchTo(bench, kubeletIdentity(id));
    },
  },
  {
    code: "CustomRouteTableWithUnsupportedMSIType",
    status: 400,
    says: /SystemAssigned do not support bringing your own route table/,
    remedy: /--to user-assigned/,
    cluster: IN_OWN_NETWORK,
    more: OWN_NETWORK,
    provoke: ({ put }) => put({ identity: { type: "SystemAssigned" } }),
  },
  {
    code: "CustomRouteTableMissingPermission",
    status: 400,
    says: /must be given permission to read and write to custom route table/,
    remedy: /Network Contributor on the route table that the message names/,
    cluster: IN_OWN_NETWORK,
    more: OWN_NETWORK,
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "CustomPrivateDNSZoneMissingPermissionError",
    status: 400,
    says: /must be given permission to read and write to custom private dns zone/,
    remedy: /Private DNS Zone Contributor on the zone that the message names/,
    cluster: { apiServerAccessProfile: { privateDNSZone: ZONE } },
    provoke: (bench) => switchTo(bench),
  },
  {
    code: "OnlySupportedOnUserAssignedMSICluster",
    status: 400,
    says: /not supported for custom resource PrivateDNSZone/,
    remedy: /--to user-assigned/,
    cluster: { apiServerAccessProfile: { privateDNSZone: ZONE } },
    provoke: ({ put }) => put({ identity: { type: "SystemAssigned" } }),
  },
];
