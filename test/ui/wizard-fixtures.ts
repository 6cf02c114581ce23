import type { WizardCluster, WizardServices } from "../../src/ui/wizard-types.ts";
import { buildPlan, CLUSTER, HASH, REGISTRY } from "../report/fixtures.ts";

const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";

function cluster(name: string, state: WizardCluster["state"], expires?: string): WizardCluster {
  return {
    id: CLUSTER.replace("payments-prod", name),
    name,
    resourceGroup: "rg-payments",
    subscription: SUBSCRIPTION,
    state,
    secretExpires: expires ? new Date(expires) : undefined,
    size: "3 pools, 9 nodes, Kubernetes 1.33",
    findings:
      state === "user-assigned"
        ? []
        : [
            { check: "ID003", severity: "critical", seen: `the last credential of ${name} expires soon` },
            { check: "ID001", severity: "high", seen: "the control plane uses a service principal" },
          ],
    notAssessed: 2,
  };
}

/** Services that read nothing and keep what is asked of them. */
export function fakeServices(overrides: Partial<WizardServices> = {}) {
  const calls = { choices: [] as unknown[], saved: [] as string[] };
  const services: WizardServices = {
    account: {
      cloud: "AzureCloud",
      tenant: "99999999-9999-4999-8999-999999999999",
      who: "ada@contoso.com",
      emulator: false,
    },
    commonFlags: [],
    listClusters: async () => ({
      clusters: [
        cluster("web-dev", "user-assigned"),
        cluster("orders-prod", "service-principal", "2027-03-01T00:00:00Z"),
        cluster("payments-prod", "service-principal", "2026-12-20T00:00:00Z"),
        cluster("legacy", "broken"),
      ],
      gaps: [],
    }),
    identities: async () => [
      {
        id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shared`,
        name: "id-shared",
        resourceGroup: "rg-ids",
      },
    ],
    registries: async () => [{ id: REGISTRY, source: "AcrPull of the old principal", always: true }],
    makePlan: async (choices) => {
      calls.choices.push(choices);
      return buildPlan();
    },
    savePlan: async (_, file) => {
      calls.saved.push(file);
    },
    hash: () => HASH,
    ...overrides,
  };
  return { services, calls };
}
