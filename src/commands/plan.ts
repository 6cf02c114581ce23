import { AksMiError } from "../engine/errors.ts";
import { EXIT } from "../exit-codes.ts";
import { customRole } from "../migration/required-permissions.ts";
import { roleRequests } from "../migration/role-requests.ts";
import { planHash } from "../plan/canonical.ts";
import { commandLine, flag } from "../plan/command-line.ts";
import { DEFAULT_WAITS } from "../plan/default-waits.ts";
import { formatPlanYaml, writePlanFile, writeTextFile } from "../plan/plan-file.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { makePlan } from "../planning/make-plan.ts";
import { renderPlanMarkdown } from "../report/plan-markdown.ts";
import { renderPlan } from "../report/plan-report.ts";
import { useColor } from "../text/terminal.ts";
import { checkRegistryId, checkResourceGroupName } from "../ui/wizard-command.ts";
import {
  type CommonFlags,
  connectFor,
  parseTime,
  planOrigin,
  resolveScope,
  type ScopeFlags,
  tenantOf,
} from "./context.ts";
import { type InClusterFlags, mayLookInside } from "./in-cluster.ts";
import { azureFlags, hasNoChange, nextCommandFor } from "./next-command.ts";
import { progressOn } from "./progress.ts";

/** The flags of `plan`. */
export interface PlanFlags extends CommonFlags, ScopeFlags, InClusterFlags {
  readonly to: "user-assigned" | "system-assigned";
  readonly controlPlaneIdentity?: string;
  readonly kubeletIdentity?: string;
  readonly identityResourceGroup?: string;
  readonly registry: readonly string[];
  readonly rolePropagation: string;
  readonly tokenSwitchover: string;
  readonly switchedAt?: string;
  readonly ignorePreflight: readonly string[];
  readonly requireNodeImage?: boolean;
  readonly out?: string;
  readonly requiredPermissions?: boolean;
  readonly roleRequests?: string;
  readonly output: "table" | "json" | "yaml" | "markdown" | "html";
}

/** Makes a plan, writes it where it was asked for, and prints the report. @returns the exit code */
export async function plan(flags: PlanFlags): Promise<number> {
  ensureUsable(flags);
  const connection = await connectFor(flags);
  const clusterIds = await resolveScope(connection, flags);
  const inCluster = await mayLookInside(flags);
  const progress = progressOn(process.stderr);
  const azure = connection.azure({ pacedReads: true, onRetry: progress.retried });
  const subscriptions = flags.tenant === undefined ? await azure.resources.subscriptions() : [];
  const made = await makePlan(
    azure,
    {
      clusterIds,
      to: flags.to,
      controlPlaneIdentity: flags.controlPlaneIdentity,
      kubeletIdentity: flags.kubeletIdentity,
      identityResourceGroup: flags.identityResourceGroup,
      registries: flags.registry,
      rolePropagation: flags.rolePropagation,
      tokenSwitchover: flags.tokenSwitchover,
      roleRequests: flags.roleRequests !== undefined,
      switchedAt: parseTime("--switched-at", flags.switchedAt)?.toISOString(),
      ignoredChecks: flags.ignorePreflight,
      requireNodeImage: flags.requireNodeImage,
      inCluster,
    },
    planOrigin(connection, tenantOf(clusterIds[0], subscriptions, flags)),
    // A log needs no line about a single one.
    (done, total) => {
      if (total > 1 || process.stderr.isTTY) progress.update({ what: "clusters read", done, total });
    },
  ).finally(progress.end);
  if (flags.out) writePlanFile(flags.out, made);
  if (flags.roleRequests)
    writeTextFile(flags.roleRequests, `${JSON.stringify({ requests: roleRequests(made) }, undefined, 2)}\n`);
  if (flags.requiredPermissions) process.stdout.write(`${JSON.stringify(customRole(made), undefined, 2)}\n`);
  else process.stdout.write(await renderAs(made, flags));
  return made.clusters.some((cluster) => cluster.blocked) ? EXIT.blocked : 0;
}

/**
 * @throws AksMiError `USAGE` when Azure has no such registry or resource group under any circumstances, or a role is to be
 * printed as what `az` does not take
 */
function ensureUsable({ registry, identityResourceGroup, requiredPermissions, output }: PlanFlags): void {
  if (requiredPermissions && output !== "table" && output !== "json")
    throw new AksMiError(
      "USAGE",
      `--required-permissions prints JSON, as \`az role definition create\` takes it, and not ${output}.`,
      `Leave out one of it and -o ${output}.`,
    );
  const ensure = (long: string, value: string, checked: true | string, remedy: string) => {
    if (checked !== true) throw new AksMiError("USAGE", `${long} does not take "${value}": ${checked}`, remedy);
  };
  for (const id of registry)
    ensure("--registry", id, checkRegistryId(id), '`az acr list --query "[].id"` lists the ids of registries.');
  if (identityResourceGroup !== undefined)
    ensure(
      "--identity-resource-group",
      identityResourceGroup,
      checkResourceGroupName(identityResourceGroup),
      "Name a resource group of your own, or leave the flag out for the cluster's.",
    );
}

async function renderAs(made: MigrationPlan, flags: PlanFlags): Promise<string> {
  const { output, out: file } = flags;
  const hash = planHash(made);
  const again = planAgainCommand(flags, file ?? "plan.yaml");
  const nextCommand = file || hasNoChange(made) ? nextCommandFor(made, hash, file ?? "plan.yaml", flags, again) : again;
  switch (output) {
    case "json":
      return `${JSON.stringify(made, undefined, 2)}\n`;
    case "yaml":
      return formatPlanYaml(made);
    case "markdown":
      return renderPlanMarkdown(made, { hash, nextCommand });
    case "html":
      return (await import("../report/plan-html.ts")).renderPlanHtml(made, { hash, nextCommand });
    default:
      return renderPlan(made, {
        color: useColor(process.stdout, process.env),
        width: process.stdout.columns || 100,
        hash,
        nextCommand,
        ...(file ? { planFile: file } : {}),
      });
  }
}

/** What `plan` is made with if no flag says otherwise: naming it would only make the command longer. */
const PLAN_DEFAULTS = { to: "user-assigned", ...DEFAULT_WAITS };

/** The command that makes a plan again as these flags made it, into a file. */
function planAgainCommand(flags: PlanFlags, file: string): string {
  const unusual = (name: keyof typeof PLAN_DEFAULTS, long: string) =>
    flags[name] === PLAN_DEFAULTS[name] ? [] : [long, flags[name]];
  return commandLine(
    "plan",
    ...flags.id.flatMap((id) => ["--id", id]),
    ...flag("--subscription", flags.subscription),
    ...flag("--resource-group", flags.resourceGroup),
    ...flag("--name", flags.name),
    ...unusual("to", "--to"),
    ...flag("--control-plane-identity", flags.controlPlaneIdentity),
    ...flag("--kubelet-identity", flags.kubeletIdentity),
    ...flag("--identity-resource-group", flags.identityResourceGroup),
    ...flags.registry.flatMap((id) => ["--registry", id]),
    ...unusual("rolePropagation", "--role-propagation"),
    ...unusual("tokenSwitchover", "--token-switchover"),
    ...flag("--role-requests", flags.roleRequests),
    ...flag("--switched-at", flags.switchedAt),
    ...(flags.ignorePreflight.length > 0 ? ["--ignore-preflight", flags.ignorePreflight.join(",")] : []),
    ...(flags.requireNodeImage ? ["--require-node-image"] : []),
    ...(flags.inCluster ? ["--in-cluster"] : []),
    ...azureFlags(flags),
    "--out",
    file,
  );
}
