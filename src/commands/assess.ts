import { type Assessment, assessEstate } from "../assess/assess-estate.ts";
import { renderAssessmentJson } from "../assess/render/json.ts";
import { renderAssessmentMarkdown } from "../assess/render/markdown.ts";
import { renderAssessmentSarif } from "../assess/render/sarif.ts";
import { renderAssessmentTable } from "../assess/render/table.ts";
import type { AssessScope } from "../assess/scope.ts";
import { SEVERITIES, type Severity } from "../engine/step.ts";
import { EXIT } from "../exit-codes.ts";
import { sanitizeDeep } from "../text/terminal.ts";
import { VERSION } from "../version.ts";
import { type CommonFlags, checkedClusterId, connectFor, type ScopeFlags } from "./context.ts";
import { foldFor } from "./fold-for.ts";
import { type InClusterFlags, mayLookInside } from "./in-cluster.ts";
import { progressOn } from "./progress.ts";

/** The flags of `assess`. */
export interface AssessFlags extends CommonFlags, ScopeFlags, InClusterFlags {
  readonly output: "table" | "json" | "sarif" | "markdown";
  readonly failOn?: Severity;
}

/** Assesses every cluster in scope and prints what was found. @returns the exit code: 9 when `--fail-on` is reached */
export async function assess(flags: AssessFlags): Promise<number> {
  const scope: AssessScope = { ...flags, ids: flags.id.map(checkedClusterId) };
  const connection = await connectFor(flags);
  const inCluster = await mayLookInside(flags);
  const progress = progressOn(process.stderr);
  const assessment = await assessEstate(connection.azure({ pacedReads: true, onRetry: progress.retried }), scope, {
    cloud: connection.cloud,
    now: connection.clock.now(),
    inCluster,
    onProgress: progress.update,
  }).finally(progress.end);
  process.stdout.write(renderAs(flags.output, sanitizeDeep(assessment)));
  return flags.failOn && reaches(assessment, flags.failOn) ? EXIT.found : 0;
}

/** True when something at least this severe was found. */
function reaches({ clusters }: Assessment, failOn: Severity): boolean {
  const severe = new Set(SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1));
  return clusters.some(({ findings }) => findings.some(({ severity }) => severe.has(severity)));
}

function renderAs(output: AssessFlags["output"], assessment: Assessment): string {
  switch (output) {
    case "json":
      return renderAssessmentJson(assessment);
    case "sarif":
      return renderAssessmentSarif(assessment, VERSION);
    case "markdown":
      return renderAssessmentMarkdown(assessment);
    default:
      return foldFor(process.stdout, renderAssessmentTable(assessment));
  }
}
