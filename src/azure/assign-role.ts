import { createHash } from "node:crypto";
import type { AuthorizationManagementClient } from "@azure/arm-authorization";
import { SECOND_MS } from "../engine/clock.ts";
import { hasAzureCode } from "./errors.ts";
import { isWithin, normalizeId, subscriptionOf } from "./ids.ts";
import { asString } from "./json.ts";
import { type RetryContext, waitToSendAgain } from "./retry.ts";
import { callSdk } from "./sdk-call.ts";

/**
 * Microsoft Entra was seen to take 15 to 120 s to replicate a principal; the longest report is several minutes. An
 * assignment that someone else made a moment ago may be as late in a list.
 */
const REPLICATION_LIMIT_MS = 600 * SECOND_MS;
const REPLICATION_POLL_MS = 10 * SECOND_MS;

/** A role that a principal is to hold on a scope. */
export interface RoleToAssign {
  readonly scope: string;
  /** Its name, for people. */
  readonly role: string;
  readonly roleGuid: string;
  readonly principalId: string;
}

/** An assignment that is there now. */
export interface AssignedRole {
  readonly id: string;
  /** It was there before the first attempt. */
  readonly adopted: boolean;
  readonly correlationId: string | undefined;
}

/** An assignment as a list shows it. */
type Listed = Pick<RoleToAssign, "scope" | "roleGuid" | "principalId"> & { readonly id: string };

/** What is known of the requests of one assignment. */
interface Sent {
  attempts: number;
  /** HTTP status of the last answer. */
  status: number | undefined;
  correlationId: string | undefined;
}

/**
 * Assigns a role. Sending it twice makes one assignment, and one that is there under another name is taken over, once
 * Azure shows it. A principal that Microsoft Entra has not replicated yet (`PrincipalNotFound`) is waited for.
 * @param listAt reads the assignments that are in force at a scope
 */
export async function assignRole(
  grant: RoleToAssign,
  client: AuthorizationManagementClient,
  listAt: (scope: string) => Promise<readonly Listed[]>,
  retry: RetryContext,
): Promise<AssignedRole> {
  const what = `assign ${grant.role} on ${grant.scope.split("/").at(-1)}`;
  const sent: Sent = { attempts: 0, status: undefined, correlationId: undefined };
  let giveUpAt: number | undefined;
  for (;;) {
    try {
      const id = await callSdk(what, retry, () => create(grant, client, sent, retry.signal));
      return { id, adopted: sent.status === 200 && sent.attempts === 1, correlationId: sent.correlationId };
    } catch (error) {
      const isThere = hasAzureCode(error, "RoleAssignmentExists");
      const existing = isThere ? (await listAt(grant.scope)).find((held) => isSame(held, grant)) : undefined;
      if (existing) return { id: existing.id, adopted: true, correlationId: sent.correlationId };
      if (!isThere && !hasAzureCode(error, "PrincipalNotFound")) throw error;
      const now = retry.clock.now().getTime();
      // From the first refusal on: what other failures have cost before says nothing of replication.
      giveUpAt ??= now + REPLICATION_LIMIT_MS;
      if (now >= giveUpAt) throw error;
      const reason = isThere ? "RoleAssignmentExists, and it does not show yet" : "PrincipalNotFound";
      await waitToSendAgain(what, retry, reason, REPLICATION_POLL_MS);
    }
  }
}

/** Sends the request once. @returns the id of the assignment */
async function create(
  { scope, roleGuid, principalId }: RoleToAssign,
  client: AuthorizationManagementClient,
  sent: Sent,
  signal: AbortSignal | undefined,
): Promise<string> {
  const subscription = subscriptionOf(scope);
  const roleDefinitionId = `${subscription ? `/subscriptions/${subscription}` : ""}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`;
  sent.attempts += 1;
  const { id } = await client.roleAssignments.create(
    // The SDK puts a slash before the scope; with two, a URL names another host.
    scope.replace(/^\//, ""),
    assignmentName(scope, roleGuid, principalId),
    { roleDefinitionId, principalId, principalType: "ServicePrincipal" },
    {
      ...(signal ? { abortSignal: signal } : {}),
      onResponse: ({ status, headers }) => {
        sent.status = status;
        sent.correlationId = headers.get("x-ms-correlation-request-id") ?? undefined;
      },
    },
  );
  return normalizeId(asString(id) ?? "");
}

/** True for an assignment that gives what is to be given, here or further up. */
function isSame(held: Listed, { scope, roleGuid, principalId }: RoleToAssign): boolean {
  return held.roleGuid === roleGuid.toLowerCase() && held.principalId === principalId && isWithin(scope, held.scope);
}

/**
 * The name of an assignment: a GUID made from scope, role and principal, so that a second attempt is the same request.
 * The principal is in it because a re-created identity has a new one (`RoleAssignmentUpdateNotPermitted`).
 */
export function assignmentName(scope: string, roleGuid: string, principalId: string): string {
  const hash = createHash("sha256")
    .update([normalizeId(scope), roleGuid, principalId].join("|").toLowerCase())
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** The id of the assignment that `assign` makes. */
export function assignmentId(scope: string, roleGuid: string, principalId: string): string {
  const name = assignmentName(scope, roleGuid, principalId);
  return normalizeId(`${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`);
}
