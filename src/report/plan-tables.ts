import type { ClusterPlan } from "../plan/schema.ts";
import { shortId } from "./ids.ts";
import type { ClusterDigest, StepDigest } from "./plan-digest.ts";
import type { Cell, Table } from "./table.ts";
import { notCopiedRights, sentence } from "./words.ts";

/** The changes of a step, but for roles and gaps. */
export function changeTable({ changes }: StepDigest): Table {
  return {
    caption: "Changes",
    columns: ["Change", "Why", "Risk"],
    rows: changes.map(({ summary, reason, risk, onlyIf }) => [summary, whyCell(reason, onlyIf), { state: risk }]),
  };
}

/** The rights that a step grants, each with its scope in full. */
export function rightTable({ principals }: StepDigest): Table {
  return {
    caption: "Rights",
    columns: ["Identity", "Role", "Scope", "Why"],
    rows: principals.flatMap(({ principal, rights }) =>
      rights.flatMap(({ role, reason, onlyIf, scopes }) =>
        scopes.map((scope) => [principal, role, { name: shortId(scope), id: scope }, whyCell(reason, onlyIf)]),
      ),
    ),
  };
}

function whyCell(reason: string, onlyIf: string | undefined): Cell {
  return onlyIf ? [sentence(reason), " ", { onlyIf: sentence(onlyIf) }] : sentence(reason);
}

/** What will not work for a while, and which step ends it. */
export function gapTable({ steps }: ClusterDigest): Table {
  return {
    caption: "What will not work for a while",
    columns: ["Gap", "Why", "Closed by"],
    rows: steps.flatMap(({ gaps, title }) =>
      gaps.map(({ summary, reason }) => [sentence(summary), sentence(reason), title]),
    ),
  };
}

/** The rights of the old identity that the new ones do not get. */
export function notCopiedTable(cluster: ClusterPlan): Table {
  return {
    caption: "Rights that the new identities do not get",
    columns: ["Role", "Scope", "Why not", "Instead"],
    rows: notCopiedRights(cluster).map(({ role, scope, reason, instead }) => [
      role,
      { code: scope },
      sentence(reason),
      sentence(instead),
    ]),
  };
}
