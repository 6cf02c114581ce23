import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { clientPerSubscription } from "./clients.ts";
import { hasStatus } from "./errors.ts";
import { normalizeId, parseResourceId } from "./ids.ts";
import { asString } from "./json.ts";
import { readPages } from "./pages.ts";
import { callSdk } from "./sdk-call.ts";
import type { Transport } from "./transport.ts";

/** A user-assigned managed identity. */
export interface UserAssignedIdentity {
  readonly id: string;
  readonly location: string;
  readonly principalId: string;
  readonly clientId: string;
  readonly tenantId: string | undefined;
}

/** User-assigned managed identities (Microsoft.ManagedIdentity). */
export interface Identities {
  /** @returns undefined when there is no such identity */
  get(id: string): Promise<UserAssignedIdentity | undefined>;
  /** The identities of a subscription. */
  list(subscription: string): Promise<UserAssignedIdentity[]>;
  /** Creates the identity, or takes over the one that is there. Sending it twice makes one identity. */
  create(
    id: string,
    location: string,
  ): Promise<{ identity: UserAssignedIdentity; adopted: boolean; correlationId: string | undefined }>;
  /** Deletes the identity if it is there. */
  remove(id: string): Promise<void>;
}

/** Identities over @azure/arm-msi. */
export function createIdentities(transport: Transport): Identities {
  const { retry } = transport;
  const abort = retry.signal ? { abortSignal: retry.signal } : {};
  const client = clientPerSubscription(
    (subscription) => new ManagedServiceIdentityClient(transport.credential, subscription, transport.clientOptions),
  );
  const locate = (id: string) => {
    const { subscription, resourceGroup, name } = parseResourceId(id)!;
    return { operations: client(subscription).userAssignedIdentities, resourceGroup, name };
  };
  return {
    async get(id) {
      const { operations, resourceGroup, name } = locate(id);
      try {
        return fromSdk(await callSdk(`read identity ${name}`, retry, () => operations.get(resourceGroup, name, abort)));
      } catch (error) {
        if (hasStatus(error, 404)) return undefined;
        throw error;
      }
    },
    async list(subscription) {
      const what = `list the identities of subscription ${subscription}`;
      const { userAssignedIdentities } = client(subscription);
      return callSdk(what, retry, async () =>
        (await readPages(what, userAssignedIdentities.listBySubscription(abort))).map(fromSdk),
      );
    },
    async create(id, location) {
      const { operations, resourceGroup, name } = locate(id);
      let attempts = 0;
      let status = 0;
      let correlationId: string | undefined;
      const identity = await callSdk(`create identity ${name} in ${resourceGroup}`, retry, () => {
        attempts += 1;
        return operations.createOrUpdate(
          resourceGroup,
          name,
          { location },
          {
            ...abort,
            onResponse: (response) => {
              status = response.status;
              correlationId = response.headers.get("x-ms-correlation-request-id") ?? undefined;
            },
          },
        );
      });
      return { identity: fromSdk(identity), adopted: status === 200 && attempts === 1, correlationId };
    },
    async remove(id) {
      const { operations, resourceGroup, name } = locate(id);
      await callSdk(`delete identity ${name}`, retry, () => operations.delete(resourceGroup, name, abort));
    },
  };
}

function fromSdk(identity: {
  id?: string;
  location: string;
  principalId?: string;
  clientId?: string;
  tenantId?: string;
}): UserAssignedIdentity {
  return {
    id: normalizeId(asString(identity.id) ?? ""),
    location: asString(identity.location) ?? "",
    principalId: asString(identity.principalId) ?? "",
    clientId: asString(identity.clientId) ?? "",
    tenantId: asString(identity.tenantId),
  };
}
