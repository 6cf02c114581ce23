import { shell } from "../engine/shell.ts";
import { IDENTITY_NAME } from "../plan/schema.ts";
import type { Session } from "./wizard-session.ts";
import type { WizardChoices, WizardResult } from "./wizard-types.ts";

/** Whether Azure takes this as the name of a user-assigned identity, or it is the resource id of one. */
export function checkIdentity(text: string): true | string {
  const trimmed = text.trim();
  if (trimmed.startsWith("/")) {
    return (
      isResourceId(trimmed, "Microsoft.ManagedIdentity/userAssignedIdentities", IDENTITY_NAME) ||
      "Not the id of an identity: /subscriptions/…/userAssignedIdentities/NAME."
    );
  }
  if (IDENTITY_NAME.test(trimmed)) return true;
  return "3 to 128 letters, digits, - or _, beginning with a letter or digit.";
}

function isResourceId(id: string, type: string, name: RegExp): boolean {
  const place = "/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/[^/]+/providers/";
  const last = new RegExp(`^${place}${type.replace(".", "\\.")}/([^/]+)$`, "i").exec(id)?.at(-1);
  return last !== undefined && name.test(last);
}

/** Whether Azure takes this as the name of a resource group that identities can be made in. */
export function checkResourceGroupName(name: string): true | string {
  const trimmed = name.trim();
  if (/^mc_/i.test(trimmed)) return "AKS owns the node resource group, and deletes it with the cluster.";
  if (/^[\p{L}\p{N}_().-]{1,90}$/u.test(trimmed) && !trimmed.endsWith(".")) return true;
  return "1 to 90 letters, digits, - _ ( ) or full stops, not ending with a full stop.";
}

/** Whether this is the resource id of a container registry. */
export function checkRegistryId(id: string): true | string {
  const isRegistry = isResourceId(id.trim(), "Microsoft.ContainerRegistry/registries", /^[A-Za-z0-9]{5,50}$/);
  return isRegistry || "Not the id of a registry: /subscriptions/…/registries/NAME.";
}

/** Whether a plan can be saved under this name. */
export function checkPlanFile(file: string): true | string {
  return /[^/\\]\.(ya?ml|json)$/i.test(file.trim()) || "The file's name ends with .yaml, .yml or .json.";
}

/** What the answers so far choose. */
export function toChoices({ answers }: Session): WizardChoices {
  const named = answers.to === "user-assigned";
  return {
    clusters: answers.clusters,
    to: answers.to!,
    controlPlaneIdentity: named ? answers.controlPlaneIdentity : undefined,
    kubeletIdentity: named ? answers.kubeletIdentity : undefined,
    identityResourceGroup: named ? answers.identityResourceGroup : undefined,
    registries: answers.clusters.length === 1 ? answers.registries : [],
  };
}

/** The commands that do the same without the wizard. */
export function equivalentCommands(session: Session, result: WizardResult): string[] {
  const file = session.answers.file ?? "plan.yaml";
  const hash = session.services.hash(session.answers.plan!);
  const flags = session.services.commonFlags.map(shell).join(" ");
  const common = flags ? ` ${flags}` : "";
  const until = result.kind === "apply" && result.until ? ` --until ${result.until}` : "";
  return [
    `aks-mi plan ${choiceFlags(toChoices(session))} --out ${shell(file)}${common}`,
    `aks-mi apply --plan ${shell(file)} --approve ${hash}${until}${common}`,
  ];
}

function choiceFlags(choices: WizardChoices): string {
  return [
    ...choices.clusters.map((id) => `--id ${shell(id)}`),
    `--to ${choices.to}`,
    ...(choices.controlPlaneIdentity ? [`--control-plane-identity ${shell(choices.controlPlaneIdentity)}`] : []),
    ...(choices.kubeletIdentity ? [`--kubelet-identity ${shell(choices.kubeletIdentity)}`] : []),
    ...(choices.identityResourceGroup ? [`--identity-resource-group ${shell(choices.identityResourceGroup)}`] : []),
    ...choices.registries.map((id) => `--registry ${shell(id)}`),
  ].join(" ");
}
