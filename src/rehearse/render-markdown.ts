import { markdownCode, markdownTable, markdownText } from "../report/markdown.ts";
import { count, formatLength, formatRange, formatTime } from "../report/words.ts";
import type { RehearsedPlan } from "./rehearse.ts";
import type { Rehearsal, RehearsedCluster } from "./rehearse-once.ts";
import { describeEnd, NOT_REHEARSED, nameOf, resultsOf, summaryOf } from "./render-page.ts";

/** A rehearsed plan as Markdown, for a change request. */
export function renderRehearsalMarkdown({ plan, twin, rehearsals, range, through }: RehearsedPlan): string {
  const [expected] = rehearsals as [Rehearsal];
  const lines = [
    `# Rehearsal of ${markdownText(plan.metadata.name)}`,
    "",
    through ? "**Every rehearsal got through.**" : "**Not every rehearsal got through.**",
    `The plan ran in virtual time on a twin of ${count(twin.resources.length, "resource")} read from Azure. Nothing was written.`,
    "",
    ...(range?.proof ? [`- Proven to be migrated after ${formatRange(range.proof)}`] : []),
    ...(range ? [`- All steps done after ${formatRange(range.total)}`] : []),
    ...twin.gaps.map(({ what, reason }) => `- Not in the twin: ${markdownText(what)} (${markdownText(reason)})`),
    ...NOT_REHEARSED.map((text) => `- Not tried: ${markdownText(text)}`),
    ...expected.clusters.flatMap((cluster) => ["", ...clusterLines(cluster, expected)]),
    "",
    "## What hangs on Azure's answers",
    "",
    ...markdownTable(
      ["Assumption", "Gets through", "Figures", "What differs"],
      rehearsals.map((rehearsal) => [
        markdownText(nameOf(rehearsal)),
        rehearsal.through ? "yes" : "**no**",
        summaryOf(rehearsal),
        resultsOf(rehearsals, rehearsal).map(markdownText).join("<br>"),
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function clusterLines(cluster: RehearsedCluster, { start, requestsOf }: Rehearsal): string[] {
  const rows = cluster.timeline.map(({ kind, atMs, lastsMs, text, step }) => {
    const requests = kind === "step" && step ? requestsOf?.[step] : undefined;
    return [
      `+${formatLength(atMs)}`,
      kind,
      kind === "step" ? `**${markdownText(text)}**` : markdownText(text),
      lastsMs ? formatLength(lastsMs) : "",
      requests ? `${count(requests.reads, "read")}, ${count(requests.writes, "write")}` : "",
    ];
  });
  return [
    `## ${markdownCode(cluster.id.split("/").at(-1)!)}, as Azure is expected to answer`,
    "",
    `Times count from ${formatTime(start)}.`,
    "",
    ...markdownTable(["When", "What", "", "How long", "Requests"], rows),
    "",
    ...describeEnd(cluster).map((text) => `- ${markdownText(text)}`),
  ];
}
