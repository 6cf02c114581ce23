import {
  Composer,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type YAMLError,
} from "yaml";

/** A twin of a thousand clusters is below this, and so is every plan. */
export const MAX_YAML_BYTES = 64 * 1024 * 1024;

/** What is said of a file that is larger. */
export const TOO_LARGE = `is larger than ${MAX_YAML_BYTES / 1024 / 1024} MiB`;

/** Words and signs: each takes memory. A twin of a thousand clusters has fewer. */
const MAX_LEXEMES = 5_000_000;

/** Resources of Azure are nested a dozen levels deep. */
const MAX_DEPTH = 100;

/** Keys that reach into JavaScript's own objects in careless hands. */
const PROTOTYPE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** How often anchors may be used again, all together. */
const MAX_ALIASES = 100;

/** YAML that is data and nothing else. */
export interface ParsedYaml {
  readonly document: Document;
  readonly data: unknown;
  /** The line of a place in the text, from 1. */
  lineAt(offset: number): number;
}

/** What keeps a text from being read; `line` counts from 1. */
export class YamlProblem extends Error {
  override readonly name = "YamlProblem";
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads YAML 1.2 (JSON is some, too) that a stranger may have written. Tags other than those of the core schema, duplicate
 * keys, keys of JavaScript's prototypes, and what is too large or nested too deeply are refused.
 * @param aliases whether anchors may be used again, merge keys included
 * @throws YamlProblem a sentence without its subject, such as `is not valid YAML: …`
 */
export function parseYaml(text: string, { aliases }: { readonly aliases: boolean }): ParsedYaml {
  if (Buffer.byteLength(text) > MAX_YAML_BYTES) throw new YamlProblem(TOO_LARGE);
  ensureFewLexemes(text);
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = compose(text, lines, aliases);
  const problem: YAMLError | undefined = document.errors[0] ?? document.warnings[0];
  if (problem) throw new YamlProblem(`is not valid YAML: ${problem.message}`, lineAt(problem.pos[0]));
  ensurePlain(document, lineAt);
  return { document, data: toData(document, aliases), lineAt };
}

/** Counted before anything is kept of them. */
function ensureFewLexemes(text: string): void {
  let count = 0;
  for (const _ of new Lexer().lex(text))
    if (++count > MAX_LEXEMES) throw new YamlProblem(`has more than ${MAX_LEXEMES} words and signs`);
}

/** What `parseDocument` does, except that nothing is nested deeper than it may be before anything calls itself for each level. */
function compose(text: string, lines: LineCounter, aliases: boolean): Document {
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    resolveKnownTags: false,
    merge: aliases,
    // Looked for below: the library compares each key with each.
    uniqueKeys: false,
  });
  const [document, second] = composer.compose(tokensOf(text, lines), true, text.length);
  if (second)
    throw new YamlProblem("is not valid YAML: it has more than one document", lines.linePos(second.range[0]).line);
  return document!;
}

/** The parser's own stack has two entries for a level, and a few for the document. */
const MAX_STACK = 2 * MAX_DEPTH + 10;

function* tokensOf(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_STACK) throw tooDeep();
  }
  yield* parser.end();
}

function toData(document: Document, aliases: boolean): unknown {
  try {
    return document.toJS({ maxAliasCount: aliases ? MAX_ALIASES : 0 });
  } catch (error) {
    throw new YamlProblem(`uses YAML aliases in a way that it may not: ${(error as Error).message}`);
  }
}

/** Looks at the document as it was written: turning it into data takes long where keys are collections. */
function ensurePlain(document: Document, lineAt: (offset: number) => number): void {
  let level: Node[] = isNode(document.contents) ? [document.contents] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw tooDeep();
    const below: unknown[] = [];
    for (const node of level) {
      if (isSeq(node)) for (const item of node.items) below.push(item);
      else if (isMap(node)) {
        ensurePlainKeys(
          node.items.map(({ key }) => key),
          lineAt,
        );
        for (const { value } of node.items) below.push(value);
      }
    }
    level = below.filter(isNode);
  }
}

function ensurePlainKeys(keys: readonly unknown[], lineAt: (offset: number) => number): void {
  const seen = new Set<string>();
  for (const key of keys) {
    const line = isNode(key) && key.range ? lineAt(key.range[0]) : undefined;
    if (!isScalar(key)) throw new YamlProblem("has a key that is no text", line);
    const name = String(key.value);
    if (PROTOTYPE_KEYS.has(name)) throw new YamlProblem(`has a key "${name}", which no file may have`, line);
    if (seen.has(name)) throw new YamlProblem(`is not valid YAML: the key "${name}" is there twice`, line);
    seen.add(name);
  }
}

function tooDeep(): YamlProblem {
  return new YamlProblem(`is nested more than ${MAX_DEPTH} levels deep`);
}
