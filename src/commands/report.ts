import { AksMiError } from "../engine/errors.ts";
import { planHash } from "../plan/canonical.ts";
import { readPlanFile } from "../plan/plan-file.ts";
import { maskPlan } from "../report/mask.ts";
import { renderPlanHtml } from "../report/plan-html.ts";
import { renderPlanMarkdown } from "../report/plan-markdown.ts";
import { renderRunHtml } from "../report/run-html.ts";
import { renderRunJson } from "../report/run-json.ts";
import { renderRunMarkdown } from "../report/run-markdown.ts";
import { openRun } from "../state/state-directory.ts";
import type { CommonFlags } from "./context.ts";
import { nextCommandFor } from "./next-command.ts";
import { readView } from "./run-status.ts";

/** The flags of `report`. */
export interface ReportFlags extends CommonFlags {
  readonly plan?: string;
  readonly mask?: boolean;
  readonly output: "markdown" | "html" | "json";
}

/** Renders a run, or a plan file. @returns the exit code */
export async function report(id: string | undefined, flags: ReportFlags): Promise<number> {
  if (flags.plan && id !== undefined)
    throw new AksMiError(
      "USAGE",
      `A plan file or a run is rendered, and both are named: ${flags.plan} and ${id}.`,
      "Leave one of them out.",
    );
  process.stdout.write(flags.plan ? renderPlanFile(flags.plan, flags) : renderRun(id, flags));
  return 0;
}

function renderPlanFile(file: string, flags: ReportFlags): string {
  const { output, mask } = flags;
  const plan = readPlanFile(file);
  const hash = planHash(plan);
  const options = { hash, nextCommand: nextCommandFor(plan, hash, file, flags), mask };
  if (output === "html") return renderPlanHtml(plan, options);
  if (output === "json") return `${JSON.stringify(maskPlan(plan, options).plan, undefined, 2)}\n`;
  return renderPlanMarkdown(plan, options);
}

function renderRun(id: string | undefined, flags: ReportFlags): string {
  const { output, mask } = flags;
  const run = openRun(flags.stateDir, id);
  const view = readView(run, flags.stateDir);
  const hash = planHash(run.plan);
  if (output === "html") return renderRunHtml(run.plan, view, hash, { mask, place: flags });
  return output === "json"
    ? renderRunJson(run.plan, view, hash, { mask, place: flags })
    : renderRunMarkdown(run.plan, view, hash, { mask, place: flags });
}
