import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { connect } from "../../src/azure/connection.ts";
import { guardOutput } from "../../src/guard-output.ts";

const sources = ["src", "steps", "plans"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ file: join(folder, name), text: readFileSync(join(folder, name), "utf8") })),
);

/** The files in which something stands. */
function filesWith(pattern: RegExp): string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
}

describe("the source", () => {
  test("starts no other program, and makes no code from text", () => {
    expect(filesWith(/child_process|node:vm|node:worker_threads/)).toEqual([]);
    expect(filesWith(/\beval\s*\(|new Function\s*\(/)).toEqual([]);
  });

  // aka.ms is in the words in which Azure refuses what is locked; nothing is asked there.
  test("names no host over http but those of this machine, what claims are called, and Azure's own words", () => {
    const hosts = sources.flatMap(({ text }) =>
      [...text.matchAll(/http:\/\/([a-z0-9.[\]:-]+)/gi)].map(([, host]) => host),
    );
    const known = /^(127\.0\.0\.1|localhost|\[::1\]|schemas\.microsoft\.com|aka\.ms)/;
    expect(hosts.filter((host) => !known.test(host!))).toEqual([]);
  });

  test("opens no port but on this machine", () => {
    expect(filesWith(/\.listen\(/)).toEqual(["src/emulator/server.ts"]);
    expect(readFileSync("src/emulator/server.ts", "utf8")).toContain('.listen(options.port, "127.0.0.1"');
  });
});

describe("the way to Azure", () => {
  test.each([
    "http://example.com:1",
    "http://10.0.0.1:1",
    "http://127.0.0.1.example.com",
    "http://user@example.com#127.0.0.1",
    "ftp://127.0.0.1",
    "http://0.0.0.0:1",
    "127.0.0.1:1",
  ])("--emulator takes no other machine for one: %s", async (emulator) => {
    await expect(connect({ cloud: "AzureCloud", emulator })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("is not taken where Node was told to trust anyone", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      await expect(connect({ cloud: "AzureCloud" })).rejects.toMatchObject({
        code: "USAGE",
        remedy: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("dependencies", () => {
  type Package = { version: string; integrity?: string; hasInstallScript?: boolean; dev?: boolean; link?: boolean };
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Package> };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

  test("are named in their exact versions, and each is locked with its hash", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
      string,
      Record<string, string>
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
    expect(packages.filter(([, { integrity, link }]) => !link && !integrity?.startsWith("sha512-"))).toEqual([]);
  });

  test("run nothing when they are installed; of those for development only the compiler of the package does", () => {
    const scripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripts.filter(([, { dev }]) => !dev)).toEqual([]);
    expect(scripts.map(([path]) => path)).toEqual(["node_modules/esbuild"]);
  });
});

test("JSON that is printed means the same, and plays no tricks on a terminal", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const undo = guardOutput(stream);
  const data = { name: "a\u009b31mb\u202ec\u2028d\u200be\u001b[2Jf\u061cg\u00adh\u{e0041}i" };
  stream.write(JSON.stringify(data));
  undo();
  expect(written[0]).toMatch(/^[ -~]*$/);
  expect(JSON.parse(written[0]!)).toEqual(data);
});

test("nothing that is printed is a command to a CI system, but what is written as one", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const undo = guardOutput(stream);
  const name = "##vso[task.setvariable variable=a]b ##[error]c ###VSO[x]";
  stream.write(`${JSON.stringify({ name })}\n`);
  stream.write(`NAME\n${name}\n  ::add-mask::a\n::error::b\nstd::string\n`);
  stream.write("##[group]Assign roles ##vso[task.complete]\n");
  stream.write("::group::Assign roles\n");
  undo();
  expect(JSON.parse(written[0]!)).toEqual({ name });
  expect(written[0]).not.toMatch(/##(vso)?\[/i);
  expect(written[1]).toBe(
    "NAME\n\\u0023#vso[task.setvariable variable=a]b \\u0023#[error]c #\\u0023#VSO[x]\n  \\u003a:add-mask::a\n\\u003a:error::b\nstd::string\n",
  );
  expect(written.slice(2)).toEqual(["##[group]Assign roles \\u0023#vso[task.complete]\n", "::group::Assign roles\n"]);
});
