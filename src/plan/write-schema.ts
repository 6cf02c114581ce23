import { writeFileSync } from "node:fs";
import { planJsonSchema } from "./json-schema.ts";

writeFileSync("plans/plan.schema.json", planJsonSchema());
