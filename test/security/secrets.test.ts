import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { object, pod, putObjects, secret } from "../in-cluster/objects.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { ECHO, PLANTED } from "./planted.ts";
import { isOperation, isPut, isUpdate, PlantedLine, refusal } from "./planted-line.ts";

describe("secrets that Azure, a cluster or the environment holds", () => {
  test("come out of no plan, assessment, verification or rehearsal", async () => {
    const line = await PlantedLine.open();
    await putObjects(line.lab, [
      secret("dns", { "azure.json": `{"aadClientSecret":"${PLANTED.podSecret}"}` }),
      object("ConfigMap", "settings", { data: { url: `postgres://app:${PLANTED.podSecret}@db/app` } }),
      pod("api", { containers: [{ name: "main", image: "nginx", args: [`--key=${PLANTED.argument}`] }] }),
    ]);
    const codes: number[] = [];
    const run = async (...args: string[]) => codes.push((await line.run(...args)).code);
    for (const output of ["table", "json", "yaml", "markdown", "html"])
      await run("plan", "--id", DEMO_CLUSTER, "--out", line.plan, "-o", output, "--in-cluster", "--yes");
    await run("plan", "--id", DEMO_CLUSTER, "--out", line.file("plan.json"), "--required-permissions");
    await run("plan", "--id", DEMO_CLUSTER, "--role-requests", line.file("requests.json"));
    for (const output of ["table", "json", "sarif", "markdown"])
      await run("assess", "-o", output, "--in-cluster", "--yes", "--verbose");
    // Each is a few runs; the other outputs show the same data.
    await run("rehearse", "--plan", line.plan, "--save", line.file("twin.yaml"), "-o", "json");
    for (const output of ["markdown", "html", "json"]) await run("report", "--plan", line.plan, "-o", output);
    expect(new Set(codes)).toEqual(new Set([0]));
    for (const output of ["table", "json"])
      expect((await line.run("verify", "--id", DEMO_CLUSTER, "-o", output, "--in-cluster", "--yes")).code).toBe(9);
    line.expectNoSecret();
  });

  test("come out of no run, from its beginning to its end, nor out of what CI systems are told of it", async () => {
    const line = await PlantedLine.open();
    await line.makePlan();
    expect((await line.run("apply", "--plan", line.plan, "--dry-run", "-o", "json")).code).toBe(0);
    const until = (step: string) => ["--until", step, "--verbose"];
    const apply = await line.run("apply", "--plan", line.plan, "--yes", "-o", "jsonl", ...until("assign-roles"));
    expect(apply.code).toBe(8);
    line.env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: line.file("summary.md") };
    expect((await line.run("resume", ...until("enable-managed-identity"))).code).toBe(8);
    expect(readFileSync(line.file("summary.md"), "utf8")).toContain("payments-prod");
    line.env = { TF_BUILD: "True" };
    const pipelines = await line.run("resume", ...until("verify-migration"));
    expect(pipelines.stderr).toContain("##vso[task.uploadsummary]");
    line.env = {};
    expect((await line.run("resume", "-o", "json", "--verbose")).code).toBe(0);
    for (const output of ["table", "json"]) await line.run("status", "-o", output);
    for (const output of ["markdown", "html", "json"]) await line.run("report", "-o", output);
    expect((await line.run("verify", "--id", DEMO_CLUSTER)).code).toBe(0);
    line.expectNoSecret();
  });

  test("come out of no undo", async () => {
    const line = await PlantedLine.open();
    await line.makePlan();
    await line.run("apply", "--plan", line.plan, "--yes", "--until", "await-role-propagation");
    expect((await line.run("undo", "--yes", "--verbose")).code).toBe(0);
    line.expectNoSecret();
  });
});

/** Ways in which Azure, or something in its place, can answer with what it was told. */
const ANSWERS: Record<string, WireResponse> = {
  "an error": refusal(400),
  "a flat error": refusal(400, JSON.stringify({ code: "Odd", message: ECHO, details: null })),
  "a refusal": refusal(403),
  "a rejected token": refusal(401),
  "an error whose code they are": refusal(409, JSON.stringify({ error: { code: ECHO, message: "no" } })),
  "a failure that may pass, whose code they are": refusal(503, JSON.stringify({ error: { code: ECHO } })),
  "a page": refusal(200, `${PLANTED.servicePrincipal} <html>${ECHO}</html>`),
  "an answer that breaks off": refusal(200, `{"properties":"${PLANTED.servicePrincipal} ${ECHO}`),
  "an error that is no JSON": refusal(400, `${PLANTED.servicePrincipal} ${ECHO}`),
};

/** What is answered so: the first two go through the raw pipeline, the last one through a client of the SDK. */
const REQUESTS: Record<string, (request: WireRequest) => boolean> = {
  "the cluster's update": isUpdate,
  "the operation of that": isOperation,
  "an identity": isPut(/userAssignedIdentities\/[^/]+\?/),
};

describe.each(Object.keys(ANSWERS))("when %s repeats secrets", (name) => {
  test.each(Object.keys(REQUESTS))("as the answer to %s, none of them is told", async (request) => {
    const line = await PlantedLine.open();
    await line.makePlan();
    line.answer = (asked) => (REQUESTS[request]!(asked) ? ANSWERS[name] : undefined);
    line.failsUpdate = REQUESTS[request] === isOperation;
    expect((await line.run("apply", "--plan", line.plan, "--yes", "--verbose", "-o", "jsonl")).code).not.toBe(0);
    for (const output of ["markdown", "json"]) await line.run("report", "-o", output);
    await line.run("status");
    line.expectNoSecret();
  });

  test("as the answer to every read, none of them is told", async () => {
    const line = await PlantedLine.open();
    line.answer = ({ url }) => (url.includes("/_emulator/") ? undefined : ANSWERS[name]);
    await line.run("plan", "--id", DEMO_CLUSTER, "--verbose");
    await line.run("assess", "--verbose");
    await line.run("verify", "--id", DEMO_CLUSTER, "--verbose");
    line.expectNoSecret();
  });
});

describe("a run that fails", () => {
  test("by an operation whose error repeats secrets tells none of them", async () => {
    const line = await PlantedLine.open();
    await line.makePlan();
    line.failsUpdate = true;
    const failed = { status: "Failed", error: { code: "Odd", message: ECHO } };
    line.answer = (request) => (isOperation(request) ? refusal(200, JSON.stringify(failed)) : undefined);
    expect((await line.run("apply", "--plan", line.plan, "--yes", "--verbose")).code).toBe(1);
    for (const output of ["markdown", "html", "json"]) await line.run("report", "-o", output);
    line.expectNoSecret();
  });

  test("by a defect prints its stack without secrets, and leaves a signed URL in its operation's own file alone", async () => {
    const line = await PlantedLine.open();
    await line.makePlan();
    line.failsUpdate = true;
    line.answer = (request) => {
      if (!isOperation(request)) return undefined;
      throw new TypeError(`Cannot read properties of ${ECHO}`, { cause: new Error(ECHO) });
    };
    const ended = await line.run("apply", "--plan", line.plan, "--yes", "--verbose");
    expect(ended.code).toBe(70);
    expect(ended.stderr).toContain("TypeError: Cannot read properties of");
    expect(ended.stderr).toContain("caused by Error:");
    expect(ended.stderr).toMatch(/ at .*\.ts:\d+/);
    line.expectNoSecret();

    const state = line.file("state");
    const [file, ...others] = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((name) =>
      /operations\/.+\.json$/.test(name),
    );
    expect(others).toEqual([]);
    expect(readFileSync(join(state, file!), "utf8")).toContain(PLANTED.signature);
    expect(statSync(join(state, file!)).mode & 0o777).toBe(0o600);
  });
});
