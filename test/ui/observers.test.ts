import { describe, expect, it } from "vitest";
import { MINUTE_MS } from "../../src/engine/clock.ts";
import type { Event } from "../../src/engine/events.ts";
import { observeAsJsonl } from "../../src/ui/jsonl.ts";
import type { LinesOptions } from "../../src/ui/lines.ts";
import { observeAsLines } from "../../src/ui/lines.ts";
import { buildEvents, buildPlan, CLUSTER, HASH, REGISTRY } from "../report/fixtures.ts";
import { FINISHED, INTERRUPTED } from "../report/run-fixtures.ts";

function capture() {
  const written: string[] = [];
  return { write: (text: string) => written.push(text), lines: () => written.join("").split("\n").slice(0, -1) };
}

function watchLines(options: Partial<LinesOptions> = {}) {
  const output = capture();
  const timer = { delayMs: 0, beat: () => {}, stopped: false };
  const observer = observeAsLines({
    plan: buildPlan(),
    planHash: HASH,
    place: { stateDir: ".aks-mi" },
    output,
    now: () => new Date("2026-11-22T08:50:16Z"),
    env: {},
    repeat: (delayMs, callback) => {
      Object.assign(timer, { delayMs, beat: callback });
      return () => Object.assign(timer, { stopped: true });
    },
    ...options,
  });
  const watch = (events: readonly Event[]) => {
    for (const event of events) observer.event(event);
    return output.lines();
  };
  return { observer, output, timer, watch };
}

describe("progress as lines", () => {
  it("has one line per event, with its time, cluster and step", () => {
    const lines = watchLines().watch(FINISHED);
    expect(lines).toHaveLength(FINISHED.length);
    expect(lines[6]).toBe("2026-11-22T08:00:07Z payments-prod create-identities: done: both identities exist");
    expect(lines).toContain(
      "2026-11-22T08:00:10Z payments-prod assign-roles: PUT roleAssignments is sent again in 5 s: PrincipalNotFound",
    );
  });

  it("names what a change is on by its name, for ids fill lines", () => {
    const key = `role:AcrPull@${REGISTRY}→kubelet`;
    const lines = watchLines().watch(buildEvents(["08:00:00", "assign-roles", { type: "change:applied", key }]));
    expect(lines).toEqual(["2026-11-22T08:00:00Z payments-prod assign-roles: applied role:AcrPull@acrshared→kubelet"]);
  });

  it("keeps an event to its line whatever Azure says in it", () => {
    const reason = "one\r\n2026-11-22T08:00:00Z forged\u001b[2J";
    const lines = watchLines().watch(buildEvents(["08:00:00", "assign-roles", { type: "step:waiting", reason }]));
    expect(lines).toEqual([
      "2026-11-22T08:00:00Z payments-prod assign-roles: waiting: one 2026-11-22T08:00:00Z forged",
    ]);
  });

  it("says each minute of wall time that it still waits, and how long", () => {
    const { watch, timer, output } = watchLines();
    const before = watch(INTERRUPTED).length;
    expect(timer.delayMs).toBe(MINUTE_MS);
    timer.beat();
    expect(output.lines().slice(before)).toEqual([
      "2026-11-22T08:50:16Z payments-prod await-role-propagation: still waiting: roles take up to 60 minutes to propagate, 10 min left",
    ]);
  });

  it("is silent between the beats of a run that is over, and stops them at the end", () => {
    const { watch, timer, output, observer } = watchLines();
    const before = watch(FINISHED).length;
    timer.beat();
    expect(output.lines()).toHaveLength(before);
    observer.end({ exitCode: 0 });
    expect(timer.stopped).toBe(true);
  });

  it("ends with the message, the remedy, the report and the next command", () => {
    const { observer, output } = watchLines();
    const [report, next] = ["runs/r1/report.html", "aks-mi resume r1"];
    observer.end({ exitCode: 8, message: "The run is paused.", remedy: "Wait.", report, next });
    expect(output.lines()).toEqual([
      "The run is paused.",
      "Remedy: Wait.",
      "Report: runs/r1/report.html",
      "Next: aks-mi resume r1",
    ]);
  });
});

describe("progress in GitHub Actions", () => {
  const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: "/summary.md" };
  const failure = { type: "step:failed", code: "AZURE_ERROR", message: "100% ::no", remedy: "a,b" } as const;

  it("opens a group with each step and closes it with the step", () => {
    const commands = watchLines({ env })
      .watch(FINISHED)
      .filter((line) => line.startsWith("::"));
    expect(commands.slice(0, 4)).toEqual([
      "::group::Create identities",
      "::endgroup::",
      "::group::Assign roles",
      "::endgroup::",
    ]);
  });

  it("annotates a failure, with everything escaped that would end it early", () => {
    const lines = watchLines({ env }).watch(buildEvents(["08:00:00", "assign-roles", failure]));
    expect(lines[1]).toBe(
      "::error title=aks-mi payments-prod assign-roles::failed (AZURE_ERROR): 100%25 ::no; remedy: a,b",
    );
  });

  it("writes no groups for clusters side by side", () => {
    const plan = buildPlan();
    plan.clusters.push({ ...plan.clusters[0]!, id: CLUSTER.replace("payments", "orders") });
    expect(
      watchLines({ env, plan })
        .watch(INTERRUPTED)
        .filter((line) => line.startsWith("::")),
    ).toEqual([]);
  });

  it("appends a job summary at the end", () => {
    const appended: string[][] = [];
    const { watch, observer } = watchLines({ env, appendFile: (...call) => appended.push(call) });
    watch(FINISHED);
    observer.end({ exitCode: 0 });
    expect(appended).toEqual([["/summary.md", expect.stringContaining("# Migration run 20261122-0800-k3f9: done")]]);
  });

  it("takes the power from text that would be a command", () => {
    const reason = "##[error]forged ##vso[task.setvariable variable=x]y";
    const lines = watchLines({ env }).watch(
      buildEvents(["08:00:00", "assign-roles", { type: "step:waiting", reason }]),
    );
    expect(lines.join("\n")).not.toMatch(/##\[|##vso\[/);
    const { observer, output } = watchLines({ env });
    observer.end({ exitCode: 1, message: "::stop-commands::x" });
    expect(output.lines()).toEqual([": :stop-commands::x"]);
  });
});

describe("progress in Azure Pipelines", () => {
  const env = { TF_BUILD: "True" };

  it("uses its own groups and issues, and uploads the report as the summary", () => {
    const { watch, observer, output } = watchLines({ env, reportFile: "/runs/r1/report.md" });
    const failure = { type: "step:failed", code: "AZURE_ERROR", message: "no", remedy: "ask" } as const;
    watch(
      buildEvents(
        ["08:00:00", "assign-roles", { type: "step:started", title: "Assign roles" }],
        ["08:00:01", "assign-roles", failure],
      ),
    );
    observer.end({ exitCode: 1 });
    expect(output.lines().filter((line) => line.startsWith("##"))).toEqual([
      "##[group]Assign roles",
      "##vso[task.logissue type=error]aks-mi payments-prod assign-roles: failed (AZURE_ERROR): no; remedy: ask",
      "##[endgroup]",
      "##vso[task.uploadsummary]/runs/r1/report.md",
    ]);
  });

  it("takes the power from text that would be a command", () => {
    const reason = "x ##VSO[task.complete result=Succeeded]";
    const lines = watchLines({ env }).watch(
      buildEvents(["08:00:00", "assign-roles", { type: "step:waiting", reason }]),
    );
    expect(lines.join("\n")).not.toMatch(/##vso\[/i);
  });
});

describe("-o jsonl", () => {
  it("writes the version, then each event as it is, and nothing else on that stream", () => {
    const [output, messages] = [capture(), capture()];
    const observer = observeAsJsonl({ output, messages });
    for (const event of INTERRUPTED) observer.event(event);
    observer.end({ exitCode: 8, message: "The run is paused.", next: "aks-mi resume r1" });
    const parsed = output.lines().map((line) => JSON.parse(line) as unknown);
    expect(parsed).toEqual([{ type: "version", events: "1" }, ...INTERRUPTED]);
    expect(messages.lines()).toEqual(["The run is paused.", "Next: aks-mi resume r1"]);
  });
});
