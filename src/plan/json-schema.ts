import { z } from "zod";
import { migrationPlan } from "./schema.ts";

/** The JSON Schema of plan files, as it is kept in `plans/plan.schema.json`. */
export function planJsonSchema(): string {
  const schema = {
    $id: "https://unpkg.com/aks-mi/plans/plan.schema.json",
    title: "aks-mi migration plan",
    ...z.toJSONSchema(migrationPlan),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
