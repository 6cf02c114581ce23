import { subscriptionOf } from "../azure/ids.ts";
import { customRole } from "../migration/required-permissions.ts";
import { roleRequests } from "../migration/role-requests.ts";
import { planHash } from "../plan/canonical.ts";
import { formatPlanYaml, writePlanFile, writeTextFile } from "../plan/plan-file.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import { makePlan } from "../planning/make-plan.ts";
import { renderPlan, renderPlanMarkdown } from "../report/plan-report.ts";
import { useColor } from "../text/terminal.ts";
import { VERSION } from "../version.ts";
import { type CommonFlags, connectFor, parseTime, resolveScope, type ScopeFlags, tenantOf } from "./context.ts";
import { type InClusterFlags, mayLookInside } from "./in-cluster.ts";

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
  const connection = await connectFor(flags);
  const clusterIds = await resolveScope(connection, flags);
  const made = await makePlan(
    connection.azure(),
    {
      clusterIds,
      to: flags.to,
      controlPlaneIdentity: flags.controlPlaneIdentity,
      kubeletIdentity: flags.kubeletIdentity,
      identityResourceGroup: flags.identityResourceGroup,
      registries: flags.registry,
      rolePropagation: flags.rolePropagation,
      tokenSwitchover: flags.tokenSwitchover,
      requestRoles: flags.roleRequests !== undefined,
      switchedAt: parseTime("--switched-at", flags.switchedAt)?.toISOString(),
      ignoredChecks: flags.ignorePreflight,
      requireNodeImage: flags.requireNodeImage,
      inCluster: await mayLookInside(flags),
    },
    {
      cloud: connection.cloud,
      tenant: await tenantOf(connection, subscriptionOf(clusterIds[0]!)!, flags),
      emulator: connection.emulator,
      tool: VERSION,
      now: connection.clock.now(),
    },
  );
  if (flags.out) writePlanFile(flags.out, made);
  if (flags.roleRequests)
    writeTextFile(flags.roleRequests, `${JSON.stringify({ requests: roleRequests(made) }, undefined, 2)}\n`);
  if (flags.requiredPermissions) process.stdout.write(`${JSON.stringify(customRole(made), undefined, 2)}\n`);
  else process.stdout.write(await renderAs(flags.output, made, flags.out));
  return made.clusters.some((cluster) => cluster.blocked) ? 4 : 0;
}

async function renderAs(output: PlanFlags["output"], made: MigrationPlan, file: string | undefined): Promise<string> {
  const hash = planHash(made);
  const nextCommand = nextCommandFor(made, hash, file);
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
        width: process.stdout.columns ?? 100,
        hash,
        nextCommand,
        ...(file ? { planFile: file } : {}),
      });
  }
}

/** The command that runs a plan, or that makes a file of it first. */
export function nextCommandFor(made: MigrationPlan, hash: string, file: string | undefined): string {
  if (made.clusters.every((cluster) => cluster.steps.every((step) => step.changes.length === 0))) {
    return `aks-mi verify ${made.clusters.map((cluster) => `--id ${cluster.id}`).join(" ")}`;
  }
  // What blocks the plan has to be cured first, and then it takes a new plan to see it.
  if (!file || made.clusters.some((cluster) => cluster.blocked)) {
    return `aks-mi plan ${made.clusters.map((cluster) => `--id ${cluster.id}`).join(" ")} --out ${file ?? "plan.yaml"}`;
  }
  return `aks-mi apply --plan ${file} --approve ${hash}`;
}
