import { loadScenario, type Scenario } from "../../src/emulator/scenario.ts";

const loaded = new Map<string, Promise<Scenario>>();

/** A copy of a shipped scenario, which is read once: a model keeps and changes what it is given. */
export async function copyOfScenario(name: string): Promise<Scenario> {
  const scenario = loaded.get(name) ?? loadScenario(name);
  loaded.set(name, scenario);
  return structuredClone(await scenario);
}
