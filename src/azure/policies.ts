import { asArray, asString, at } from "./json.ts";
import type { Transport } from "./transport.ts";

/** An assignment of an Azure Policy definition or initiative. */
export interface PolicyAssignment {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  /** The name at the end of the definition's id: a GUID for built-in ones. */
  readonly definition: string;
  /** The assignment's own `effect` parameter; undefined: the definition's default. */
  readonly effect: string | undefined;
  /** False when the assignment only reports (`enforcementMode: DoNotEnforce`). */
  readonly enforced: boolean;
  readonly excludedScopes: readonly string[];
}

/** Azure Policy (Microsoft.Authorization). */
export interface Policies {
  /** The assignments at, above and below a subscription. */
  assignments(subscription: string): Promise<PolicyAssignment[]>;
}

/** Policy assignments, api-version 2022-06-01, as plain requests. */
export function createPolicies({ arm }: Transport): Policies {
  return {
    async assignments(subscription) {
      const path = `/subscriptions/${subscription}/providers/Microsoft.Authorization/policyAssignments?api-version=2022-06-01`;
      const found = await arm.list(`list the policy assignments of subscription ${subscription}`, path);
      return found.map((value) => {
        const definitionId = asString(at(value, "properties", "policyDefinitionId")) ?? "";
        const id = asString(at(value, "id")) ?? "";
        return {
          id,
          name: asString(at(value, "properties", "displayName")) ?? asString(at(value, "name")) ?? "",
          scope:
            asString(at(value, "properties", "scope")) ?? id.replace(/\/providers\/Microsoft\.Authorization\/.*/i, ""),
          definition: definitionId.split("/").at(-1)!.toLowerCase(),
          effect: asString(at(value, "properties", "parameters", "effect", "value")),
          enforced: asString(at(value, "properties", "enforcementMode"))?.toLowerCase() !== "donotenforce",
          excludedScopes: asArray(at(value, "properties", "notScopes")).map(String),
        };
      });
    },
  };
}
