import { planHash } from "../plan/canonical.ts";
import { commandLine } from "../plan/command-line.ts";
import { readPlanFile } from "../plan/plan-file.ts";
import { createMask, type Mask } from "../rehearse/mask.ts";
import { type RehearsedPlan, rehearsePlan } from "../rehearse/rehearse.ts";
import { renderRehearsalMarkdown } from "../rehearse/render-markdown.ts";
import { renderRehearsal } from "../rehearse/render-page.ts";
import { saveTwin } from "../rehearse/save-twin.ts";
import { rehearsalJson } from "../rehearse/to-json.ts";
import { Page } from "../report/page.ts";
import { createPalette, sanitizeDeep, useColor } from "../text/terminal.ts";
import { VERSION } from "../version.ts";
import { ensureNotBlocked } from "./apply.ts";
import { type CommonFlags, connectForPlan } from "./context.ts";
import { nextCommandFor } from "./next-command.ts";

/** The flags of `rehearse`. */
export interface RehearseFlags extends CommonFlags {
  readonly plan: string;
  readonly thorough?: boolean;
  /** A seed, or true for the first one. */
  readonly faults?: number | true;
  readonly save?: string;
  readonly mask?: boolean;
  readonly output: "table" | "json" | "markdown";
}

/** Runs a plan on an emulated twin of its clusters. @returns the exit code: 0 only when every assumption gets through */
export async function rehearse(flags: RehearseFlags): Promise<number> {
  const plan = readPlanFile(flags.plan);
  ensureNotBlocked(plan);
  const connection = await connectForPlan(plan, flags, "PLAN_STALE");
  let readAt = performance.now();
  const rehearsed = await rehearsePlan(connection, plan, {
    tool: VERSION,
    thorough: flags.thorough === true,
    faultSeed: flags.faults === true ? 1 : flags.faults,
    onTwin(twin) {
      readAt = performance.now();
      process.stderr.write(`Read ${twin.resources.length} resources; rehearsing on a twin of them …\n`);
    },
  });
  const seconds = ((performance.now() - readAt) / 1_000).toFixed(1);
  process.stderr.write(`Rehearsed ${rehearsed.rehearsals.length} times in ${seconds} s.\n\n`);
  const mask: Mask = flags.mask ? createMask(rehearsed.twin.resources) : (value) => value;
  if (flags.save) {
    saveTwin(flags.save, mask(rehearsed.twin), `A twin of what the plan ${mask(plan.metadata.name)} touches.`);
    process.stderr.write(`The twin is in ${flags.save}: ${commandLine("emulator", "--scenario", flags.save)}\n`);
  }
  process.stdout.write(render(mask(rehearsed), flags.output));
  if (rehearsed.through && flags.output === "table")
    process.stdout.write(`\nNext: ${nextCommandFor(plan, planHash(plan), flags.plan, flags)}\n`);
  return rehearsed.through ? 0 : 1;
}

function render(rehearsed: RehearsedPlan, output: RehearseFlags["output"]): string {
  if (output === "json") return `${JSON.stringify(rehearsalJson(rehearsed), undefined, 2)}\n`;
  if (output === "markdown") return renderRehearsalMarkdown(sanitizeDeep(rehearsed));
  const color = useColor(process.stdout, process.env);
  return renderRehearsal(new Page(createPalette(color), process.stdout.columns || 100), sanitizeDeep(rehearsed));
}
