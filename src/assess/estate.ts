import type { Azure } from "../azure/azure.ts";
import type { Usage } from "../azure/capacity.ts";
import type { DeletedPrincipal, DirectoryKind, GraphAnswer, ServicePrincipal } from "../azure/graph.ts";
import type { UserAssignedIdentity } from "../azure/identities.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import type { Subnet } from "../azure/networks.ts";
import type { PolicyAssignment } from "../azure/policies.ts";
import { reasonFor } from "../azure/refusals.ts";
import type { Registry } from "../azure/registries.ts";
import type { Subscription } from "../azure/resources.ts";
import { allows, type RoleDefinition } from "../azure/role-definitions.ts";
import { roleGuidOf } from "../azure/roles.ts";
import type { ScaleSet } from "../azure/scale-sets.ts";
import type { Lock } from "../migration/locks.ts";
import { type Known, known, type Listed, unknown } from "./outcome.ts";

/** Actions that let their holder see every entry of a list over a subscription. */
const READ = {
  clusters: "Microsoft.ContainerService/managedClusters/read",
  scaleSets: "Microsoft.Compute/virtualMachineScaleSets/read",
  locks: "Microsoft.Authorization/locks/read",
  identities: "Microsoft.ManagedIdentity/userAssignedIdentities/read",
  networks: "Microsoft.Network/virtualNetworks/read",
  registries: "Microsoft.ContainerRegistry/registries/read",
  assignments: "Microsoft.Authorization/roleAssignments/read",
  policies: "Microsoft.Authorization/policyAssignments/read",
} as const;

/**
 * What is read once for many clusters: lists over whole subscriptions, and the directory. Each is read when it is first
 * asked for. Azure leaves out of such a list what the caller may not read, without a word; the permissions API tells.
 */
export class Estate {
  readonly azure: Azure;
  readonly #subscriptions: readonly Subscription[];
  readonly #memory = new Map<string, Promise<unknown>>();

  /** @param subscriptions every enabled subscription that the caller can see */
  constructor(azure: Azure, subscriptions: readonly Subscription[]) {
    this.azure = azure;
    this.#subscriptions = subscriptions;
  }

  /** Every enabled subscription that the caller can see. */
  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /** One of them, by its id in any case; undefined for one that the caller cannot see. */
  subscription(id: string): Subscription | undefined {
    return this.#subscriptions.find((candidate) => candidate.id.toLowerCase() === id.toLowerCase());
  }

  /** The managed clusters of a subscription, as Azure returns them. */
  clusters(subscription: string): Promise<Listed<ManagedCluster>> {
    return this.#list("clusters", subscription, () => this.azure.clusters.list(subscription));
  }

  /** The scale sets of a subscription: node pools and others. */
  scaleSets(subscription: string): Promise<Listed<ScaleSet>> {
    return this.#list("scaleSets", subscription, () => this.azure.scaleSets.listAll(subscription));
  }

  /** The management locks of a subscription and of everything in it. */
  locks(subscription: string): Promise<Listed<Lock>> {
    return this.#list("locks", subscription, () => this.azure.resources.locks(`/subscriptions/${subscription}`));
  }

  /** The user-assigned identities of a subscription. */
  identities(subscription: string): Promise<Listed<UserAssignedIdentity>> {
    return this.#list("identities", subscription, () => this.azure.identities.list(subscription));
  }

  /** The subnets of all virtual networks of a subscription. */
  subnets(subscription: string): Promise<Listed<Subnet>> {
    return this.#list("networks", subscription, () => this.azure.networks.subnets(subscription));
  }

  /** The container registries of a subscription. */
  registries(subscription: string): Promise<Listed<Registry>> {
    return this.#list("registries", subscription, () => this.azure.registries.list(subscription));
  }

  /** The role assignments at, above and below a subscription, whoever holds them. */
  assignments(subscription: string) {
    return this.#list("assignments", subscription, () => this.azure.roles.listAll(subscription));
  }

  /** The policy assignments at, above and below a subscription. */
  policies(subscription: string): Promise<Listed<PolicyAssignment>> {
    return this.#list("policies", subscription, () => this.azure.policies.assignments(subscription));
  }

  /** The compute quotas of a region. */
  usages(subscription: string, location: string): Promise<Known<Usage[]>> {
    return this.#read(`usages ${subscription} ${location}`, "the compute quota", () =>
      this.azure.capacity.usages(subscription, location),
    );
  }

  /** The Kubernetes versions that a region offers. */
  kubernetesVersions(subscription: string, location: string) {
    return this.#read(`versions ${subscription} ${location}`, "the list of Kubernetes versions", () =>
      this.azure.capacity.kubernetesVersions(subscription, location),
    );
  }

  /** A role by its definition's id: the built-in ones are the same in every subscription. */
  role(roleDefinitionId: string): Promise<Known<RoleDefinition | undefined>> {
    const guid = roleGuidOf(roleDefinitionId);
    return this.#read(`role ${guid}`, `the role ${guid}`, () => this.azure.roles.definition(roleDefinitionId));
  }

  /** A service principal by its client id. @returns undefined as value when the directory does not know it any more */
  servicePrincipal(clientId: string): Promise<Known<ServicePrincipal | undefined>> {
    return this.#ask(`principal ${clientId}`, "service principals", () => this.azure.graph.servicePrincipal(clientId));
  }

  /** One that was deleted in the last thirty days, by its client id. @returns undefined as value when there is none */
  deletedServicePrincipal(clientId: string): Promise<Known<DeletedPrincipal | undefined>> {
    return this.#ask(`deleted ${clientId}`, "deleted service principals", () =>
      this.azure.graph.deletedServicePrincipal(clientId),
    );
  }

  /** The end dates of an application's credentials, latest first. @returns undefined as value when it is not in the directory */
  credentialEnds(appId: string): Promise<Known<Date[] | undefined>> {
    return this.#ask(`credentials ${appId}`, "applications", () => this.azure.graph.credentialEnds(appId));
  }

  /** The groups that a principal is in, directly or through others. */
  groupsOf(objectId: string): Promise<Known<string[] | undefined>> {
    return this.#ask(`groups ${objectId}`, "group memberships", () => this.azure.graph.groupsOf(objectId));
  }

  /** What these object ids stand for; an id that is not in the answer is not in the directory any more. */
  kindsOf(objectIds: readonly string[]): Promise<Known<ReadonlyMap<string, DirectoryKind> | undefined>> {
    return this.#ask(`kinds ${objectIds.join(" ")}`, "who holds roles", () => this.azure.graph.kindsOf(objectIds));
  }

  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const before = this.#memory.get(key) as Promise<T> | undefined;
    if (before) return before;
    const reading = read();
    this.#memory.set(key, reading);
    return reading;
  }

  #list<T>(what: keyof typeof READ, subscription: string, read: () => Promise<T[]>): Promise<Listed<T>> {
    const words = `${LIST_NAMES[what]} of subscription ${this.subscription(subscription)?.name ?? subscription}`;
    return this.#once(`${what} ${subscription.toLowerCase()}`, async () => {
      try {
        const items = await read();
        const complete = await this.#mayReadAll(subscription, READ[what]);
        return complete ? { items } : { items, gap: `you may read only some ${words}` };
      } catch (error) {
        return { items: [], gap: reasonFor(error, `the ${words}`) };
      }
    });
  }

  async #mayReadAll(subscription: string, action: string): Promise<boolean> {
    const held = await this.#read(`permissions ${subscription.toLowerCase()}`, "your permissions", () =>
      this.azure.roles.permissions(`/subscriptions/${subscription}`),
    );
    return held.known && (held.value ?? []).some((permission) => allows(permission, action));
  }

  #read<T>(key: string, what: string, read: () => Promise<T>): Promise<Known<T>> {
    return this.#once(key.toLowerCase(), async () => {
      try {
        return known(await read());
      } catch (error) {
        return unknown(reasonFor(error, what));
      }
    });
  }

  #ask<T>(key: string, what: string, ask: () => Promise<GraphAnswer<T>>): Promise<Known<T | undefined>> {
    return this.#once(key.toLowerCase(), async () => {
      try {
        const answer = await ask();
        if (answer.kind === "denied") return unknown(`Microsoft Graph does not let you read ${what}`);
        return known(answer.kind === "found" ? answer.value : undefined);
      } catch (error) {
        return unknown(reasonFor(error, what));
      }
    });
  }
}

const LIST_NAMES: Readonly<Record<keyof typeof READ, string>> = {
  clusters: "clusters",
  scaleSets: "scale sets",
  locks: "locks",
  identities: "user-assigned identities",
  networks: "virtual networks",
  registries: "container registries",
  assignments: "role assignments",
  policies: "policy assignments",
};
