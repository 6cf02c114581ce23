import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** What each layer may import, besides itself: the arrows of the architecture. A missing layer may import anything. */
const ALLOWED: Record<string, readonly string[]> = {
  "src/engine": [],
  "src/azure": ["src/engine"],
  "src/emulator": ["src/engine"],
  "src/plan": ["src/engine"],
  "src/migration": ["src/engine", "src/azure", "src/plan"],
  "src/in-cluster": ["src/engine", "src/azure"],
  "src/assess": ["src/engine", "src/azure", "src/in-cluster", "src/migration", "src/plan"],
  "src/planning": ["src/engine", "src/azure", "src/in-cluster", "src/migration", "src/plan", "plans"],
  "src/state": ["src/engine", "src/plan"],
  "src/completion": ["src/program-outline.ts"],
  "src/text": ["src/engine"],
  "src/report": ["src/engine", "src/plan", "src/text"],
  "src/ui": ["src/engine", "src/plan", "src/report", "src/text"],
  "src/execute": ["src/engine", "src/azure", "src/migration", "src/plan", "src/planning", "src/state", "plans"],
  "src/rehearse": [
    "src/engine",
    "src/azure",
    "src/emulator",
    "src/execute",
    "src/migration",
    "src/plan",
    "src/planning",
    "src/report",
  ],
  steps: ["src/engine", "src/azure", "src/migration"],
  plans: ["src/engine", "src/azure", "src/migration", "src/plan", "steps"],
};

/** Packages that only one layer may know. */
const OWNED_PACKAGES: Record<string, readonly string[]> = {
  "@azure/": ["src/azure"],
  "p-retry": ["src/azure"],
  inquirer: ["src/ui", "src/commands"],
  listr2: ["src/ui"],
  picocolors: ["src/text"],
  commander: [
    "src/main.ts",
    "src/program.ts",
    "src/program-commands.ts",
    "src/program-options.ts",
    "src/program-outline.ts",
    "src/program-tools.ts",
  ],
};

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function layerOf(file: string): string {
  const [top, next] = file.split("/");
  return top === "src" ? (next!.endsWith(".ts") ? file : `src/${next}`) : top!;
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
}

const files = ["src", "steps", "plans"].flatMap(sources);

test.each(files)("%s imports only what its layer may", (file) => {
  const layer = layerOf(file);
  for (const name of importsOf(file)) {
    if (name.startsWith(".")) {
      const target = layerOf(relative(".", resolve(dirname(file), name)));
      if (target !== layer && ALLOWED[layer]) expect(ALLOWED[layer], `${file} imports ${name}`).toContain(target);
    } else {
      const owners = Object.entries(OWNED_PACKAGES).find(([prefix]) => name === prefix || name.startsWith(prefix))?.[1];
      if (owners) expect(owners, `${file} imports ${name}`).toContain(layer);
    }
  }
});

/** The first circle of imports that a walk from these files meets, types included. */
function findCircle(from: readonly string[]): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const name of importsOf(file).filter((each) => each.startsWith("."))) {
      const circle = walk(relative(".", resolve(dirname(file), name)), [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of from) {
    const circle = walk(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test("no files import each other in a circle", () => {
  expect(findCircle(files)).toBeUndefined();
});

test("no step imports another step", () => {
  for (const file of sources("steps")) {
    for (const name of importsOf(file)) expect(name.startsWith("./"), `${file} imports ${name}`).toBe(false);
  }
});

test("nothing in the engine but the journal touches files", () => {
  for (const file of sources("src/engine")) {
    if (file.endsWith("journal.ts")) continue;
    expect(
      importsOf(file).filter((name) => name.startsWith("node:")),
      file,
    ).toEqual([]);
  }
});
