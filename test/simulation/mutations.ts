import fc from "fast-check";
import type { Json, JsonObject } from "../../src/azure/json.ts";

/** One change to some JSON: where, as numbers that choose a way down, and what becomes of the value there. */
export interface Mutation {
  readonly way: readonly number[];
  readonly change:
    | { readonly kind: "drop" }
    | { readonly kind: "put"; readonly value: Json }
    | { readonly kind: "twice" };
}

/** Mutations of every kind: something is missing, there twice, of another type, or nobody has ever seen the like. */
export function mutation(): fc.Arbitrary<Mutation> {
  const odd = fc.constantFrom<Json>(null, "", 0, -1, [], {}, "__proto__", "\u0000", true, [null], { value: null });
  return fc.record({
    way: fc.array(fc.nat(20), { minLength: 1, maxLength: 7 }),
    change: fc.oneof(
      fc.constant({ kind: "drop" as const }),
      fc.constant({ kind: "twice" as const }),
      fc.record({
        kind: fc.constant("put" as const),
        value: fc.oneof(odd, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>),
      }),
    ),
  });
}

/** The JSON with one change in it. */
export function mutate(value: Json, { way, change }: Mutation): Json {
  const [step, ...rest] = way;
  const entries = entriesOf(value);
  if (step === undefined || entries.length === 0) return change.kind === "put" ? change.value : value;
  const [key, child] = entries[step % entries.length]!;
  const isHere = rest.length === 0;
  if (Array.isArray(value)) {
    const at = Number(key);
    const put = isHere ? replaced(child, change) : [mutate(child, { way: rest, change })];
    return [...value.slice(0, at), ...put, ...value.slice(at + 1)];
  }
  const others = Object.fromEntries(entries.filter(([other]) => other !== key));
  const put = isHere ? replaced(child, change) : [mutate(child, { way: rest, change })];
  return put.length === 0 ? others : { ...others, [key]: put.length > 1 ? [...put] : put[0]! };
}

function replaced(child: Json, change: Mutation["change"]): Json[] {
  if (change.kind === "drop") return [];
  return change.kind === "twice" ? [child, child] : [change.value];
}

function entriesOf(value: Json): [string, Json][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as JsonObject).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}
