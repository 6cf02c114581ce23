import { expect } from "vitest";
import type { WireRequest, WireResponse } from "../../src/engine/wire.ts";
import { DEMO_CLUSTER } from "../support/cli.ts";
import { type Ended, InProcessCommandLine } from "../support/in-process.ts";
import { ECHO, ENVIRONMENT, filesBelow, leaksIn, withSecrets } from "./planted.ts";

/** True for a request that creates or changes something whose URL has this in it. */
export const isPut = (part: RegExp) => (request: WireRequest) => request.method === "PUT" && part.test(request.url);
export const isUpdate = isPut(/managedClusters\/payments-prod\?/);
export const isOperation = ({ url }: WireRequest) => url.includes("/operations/");

/** An error of Azure that repeats every secret. */
export function refusal(
  status: number,
  body = JSON.stringify({ error: { code: "Odd", message: ECHO } }),
): WireResponse {
  return { status, headers: { "content-type": "application/json", "www-authenticate": "Bearer" }, body };
}

/** A command line on an Azure that has secrets wherever it could have some. It keeps all that is printed. */
export class PlantedLine {
  /** Answers in Azure's place, for as long as it returns something. */
  answer: (request: WireRequest) => WireResponse | undefined = () => undefined;
  /** Lets the cluster look as if its update had failed: then the update's operation is asked why. */
  failsUpdate = false;
  /** What the environment has besides the secrets. */
  env: Record<string, string> = {};
  readonly plan: string;
  readonly #line: InProcessCommandLine;
  readonly #printed: { where: string; text: string }[] = [];
  #hasFailed = false;

  private constructor(line: InProcessCommandLine) {
    this.#line = line;
    this.plan = line.file("plan.yaml");
    const { handle } = line.lab.emulator;
    const ask = async (request: WireRequest) => {
      const response = await handle(request);
      this.#hasFailed ||= this.failsUpdate && isUpdate(request) && response.status < 300;
      return withSecrets(request, this.#hasFailed ? asFailed(response) : response);
    };
    Object.assign(line.lab.emulator, { handle: async (request: WireRequest) => this.answer(request) ?? ask(request) });
  }

  static async open(): Promise<PlantedLine> {
    return new PlantedLine(await InProcessCommandLine.open());
  }

  get lab() {
    return this.#line.lab;
  }

  file(name: string): string {
    return this.#line.file(name);
  }

  async run(...args: string[]): Promise<Ended> {
    const ended = await this.#line.runIn({ env: { ...ENVIRONMENT, ...this.env } }, ...args);
    for (const text of [ended.stdout, ended.stderr]) this.#printed.push({ where: args.join(" "), text });
    return ended;
  }

  /** Makes the plan that the others need. */
  async makePlan(): Promise<void> {
    expect((await this.run("plan", "--id", DEMO_CLUSTER, "--out", this.plan)).code).toBe(0);
  }

  /** Looks through everything that was printed or written so far. */
  expectNoSecret(): void {
    const files = filesBelow(this.#line.folder).map(({ file, text }) => ({ where: file, text }));
    const leaks = [...this.#printed, ...files].flatMap(({ where, text }) =>
      leaksIn(text).map((leak) => `${where}: ${leak}`),
    );
    expect(leaks).toEqual([]);
  }
}

function asFailed(response: WireResponse): WireResponse {
  const body = response.body.replace(/"provisioningState":"(Updating|Succeeded)"/, '"provisioningState":"Failed"');
  return { ...response, body };
}
