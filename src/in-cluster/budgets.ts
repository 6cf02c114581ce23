import { asString, at, type Json, type JsonObject } from "../azure/json.ts";
import { nameOf } from "./names.ts";

/** A pod disruption budget on which the drain of a node fails. */
export interface BlockingBudget {
  /** `payments/api` */
  readonly name: string;
  /** `never`: it forbids every eviction, and Azure refuses the upgrade outright; `now`: it allows none at the moment. */
  readonly blocks: "never" | "now";
}

/** The budgets that block a drain. One that covers no pod allows no eviction either, and stands in nobody's way. */
export function findBlockingBudgets(budgets: readonly JsonObject[]): BlockingBudget[] {
  return budgets.flatMap((budget): BlockingBudget[] => {
    if (isZero(at(budget, "spec", "maxUnavailable"))) return [{ name: nameOf(budget), blocks: "never" }];
    const blocks = at(budget, "status", "disruptionsAllowed") === 0 && at(budget, "status", "expectedPods") !== 0;
    return blocks ? [{ name: nameOf(budget), blocks: "now" }] : [];
  });
}

function isZero(value: Json | undefined): boolean {
  return value === 0 || /^0+%?$/.test(asString(value) ?? "");
}
