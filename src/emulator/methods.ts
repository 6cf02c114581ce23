import { enveloped } from "./arm-error.ts";

/** What one resource of a type takes, and what its list, or the action that a path ends with, takes. */
interface Methods {
  readonly item?: readonly string[];
  readonly collection?: readonly string[];
}

const ACTION: Methods = { collection: ["POST"] };
const READ_ONLY_ITEM: Methods = { item: ["GET"] };
const READ_ONLY_LIST: Methods = { collection: ["GET"] };
const PUT_AND_DELETED: Methods = { item: ["GET", "PUT", "DELETE"], collection: ["GET"] };
const PATCHED_TOO: Methods = { item: ["GET", "PUT", "PATCH", "DELETE"], collection: ["GET"] };

const AKS = "microsoft.containerservice";
const CLUSTERS = `${AKS}/managedclusters`;

/** The methods of the types that the model has rules for (Azure's API descriptions). */
const METHODS: Readonly<Record<string, Methods>> = {
  [CLUSTERS]: PATCHED_TOO,
  [`${CLUSTERS}/abort`]: ACTION,
  [`${CLUSTERS}/agentpools`]: PUT_AND_DELETED,
  [`${CLUSTERS}/agentpools/abort`]: ACTION,
  [`${CLUSTERS}/agentpools/upgradenodeimageversion`]: ACTION,
  [`${CLUSTERS}/agentpools/upgradeprofiles`]: READ_ONLY_ITEM,
  [`${CLUSTERS}/commandresults`]: READ_ONLY_ITEM,
  [`${CLUSTERS}/resetserviceprincipalprofile`]: ACTION,
  [`${CLUSTERS}/runcommand`]: ACTION,
  [`${CLUSTERS}/upgradeprofiles`]: READ_ONLY_ITEM,
  [`${AKS}/locations/kubernetesversions`]: READ_ONLY_LIST,
  [`${AKS}/locations/operations`]: READ_ONLY_ITEM,
  [`${AKS}/locations/operationresults`]: READ_ONLY_ITEM,
  "microsoft.authorization/permissions": READ_ONLY_LIST,
  "microsoft.authorization/roleassignments": PUT_AND_DELETED,
  "microsoft.authorization/roledefinitions": PUT_AND_DELETED,
  "microsoft.managedidentity/userassignedidentities": PATCHED_TOO,
};

/** What is stored and returned as it is; an action on it is looked for, and not found. */
const OTHERS: Methods = { item: ["GET", "HEAD", "PUT", "PATCH", "DELETE"], collection: ["GET", "POST"] };

/** The methods that a path of this type takes. */
export function methodsOf(type: string, kind: keyof Methods): readonly string[] {
  return (METHODS[type] ?? OTHERS)[kind] ?? [];
}

/** @throws ArmError 405 `MethodNotAllowed` (code and text: public reports) */
export function ensureMethod(allowed: readonly string[], method: string, path: string): void {
  if (allowed.includes(method)) return;
  throw enveloped(405, "MethodNotAllowed", `The HTTP method '${method}' is not supported on the resource '${path}'.`);
}
