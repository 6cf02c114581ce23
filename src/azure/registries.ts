import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { clientPerSubscription } from "./clients.ts";
import { hasStatus } from "./errors.ts";
import { normalizeId, parseResourceId } from "./ids.ts";
import { asString, at, type Json } from "./json.ts";
import { readPages } from "./pages.ts";
import { callSdk } from "./sdk-call.ts";
import type { Transport } from "./transport.ts";

/** A container registry, and how it decides who may pull. */
export interface Registry {
  readonly id: string;
  /** `abac` registries ignore AcrPull and want Container Registry Repository Reader. */
  readonly mode: "rbac" | "abac";
}

/** Container registries (Microsoft.ContainerRegistry). */
export interface Registries {
  /** @returns undefined when there is no such registry, or it may not be read */
  get(id: string): Promise<Registry | undefined>;
  /** The registries of a subscription, or of one of its resource groups. */
  list(subscription: string, resourceGroup?: string): Promise<Registry[]>;
}

/** Registries over @azure/arm-containerregistry. */
export function createRegistries(transport: Transport): Registries {
  const { retry } = transport;
  const abort = retry.signal ? { abortSignal: retry.signal } : {};
  const client = clientPerSubscription(
    (subscription) =>
      new ContainerRegistryManagementClient(transport.credential, subscription, {
        ...transport.clientOptions,
        credentials: { scopes: transport.clientOptions.credentialScopes },
      }),
  );
  return {
    async get(id) {
      const { subscription, resourceGroup, name } = parseResourceId(id)!;
      try {
        return fromSdk(
          await callSdk(`read registry ${name}`, retry, () =>
            client(subscription).registries.get(resourceGroup, name, abort),
          ),
        );
      } catch (error) {
        if (hasStatus(error, 404) || hasStatus(error, 403)) return undefined;
        throw error;
      }
    },
    async list(subscription, resourceGroup) {
      const operations = client(subscription).registries;
      const what = `list the registries of subscription ${subscription}`;
      const list = () =>
        resourceGroup ? operations.listByResourceGroup(resourceGroup, abort) : operations.list(abort);
      return callSdk(what, retry, async () => (await readPages(what, list())).map(fromSdk));
    },
  };
}

function fromSdk(registry: { id?: string; roleAssignmentMode?: string; properties?: unknown }): Registry {
  const mode = registry.roleAssignmentMode ?? asString(at(registry.properties as Json, "roleAssignmentMode"));
  return {
    id: normalizeId(asString(registry.id) ?? ""),
    mode: mode?.toLowerCase() === "abacrepositorypermissions" ? "abac" : "rbac",
  };
}
