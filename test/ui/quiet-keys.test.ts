import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { isForegroundGroup } from "../../src/ui/foreground.ts";
import { swallowKeys } from "../../src/ui/quiet-keys.ts";

/** A terminal's keyboard: what was asked of it, and what reaches whoever reads from it next. */
function fakeKeyboard() {
  const modes: boolean[] = [];
  const keyboard = Object.assign(new PassThrough(), {
    isTTY: true,
    isRaw: false,
    setRawMode(raw: boolean) {
      modes.push(raw);
      keyboard.isRaw = raw;
    },
  });
  return { keyboard, modes };
}

/** The keys are delivered in a later turn of the event loop, as a terminal does. */
async function type(keyboard: PassThrough, keys: string): Promise<void> {
  keyboard.write(keys);
  await new Promise(setImmediate);
}

describe("the keys of a terminal while nothing is asked", () => {
  function swallow(inForeground = true) {
    const { keyboard, modes } = fakeKeyboard();
    const raised: string[] = [];
    const giveBack = swallowKeys(keyboard, {
      raise: (signal) => raised.push(signal),
      inForeground,
    });
    return { keyboard, modes, raised, giveBack };
  }

  it("are not echoed and reach nobody, before and after", async () => {
    const { keyboard, modes, raised, giveBack } = swallow();
    await type(keyboard, "payments\r\u001b[B");
    giveBack();
    giveBack();
    expect(modes).toEqual([true, false]);
    expect(raised).toEqual([]);
    expect(keyboard.listenerCount("data")).toBe(0);
    await type(keyboard, "next");
    expect(keyboard.read()?.toString()).toBe("next");
  });

  it("interrupt at once with Ctrl-C, wherever it stands among others", async () => {
    const { keyboard, modes, raised } = swallow();
    await type(keyboard, "ab\u0003c");
    expect(raised).toEqual(["SIGINT"]);
    expect(modes).toEqual([true]);
  });

  it("belong to the shell again after Ctrl-Z", async () => {
    const { keyboard, modes, raised } = swallow();
    await type(keyboard, "\u001a");
    expect(raised).toEqual(["SIGTSTP"]);
    expect(modes).toEqual([true, false]);
  });

  it("are left alone in the background, where a shell stops whoever touches them, and where there are none", () => {
    expect(swallow(false).modes).toEqual([]);
    const piped = new PassThrough();
    swallowKeys(piped, { inForeground: true });
    expect(piped.listenerCount("data")).toBe(0);
  });
});

describe("the group of a process", () => {
  it("is in the foreground when it is that of its terminal", () => {
    expect(isForegroundGroup("812 (node (a) b) S 700 812 700 34816 812 4194304 1 0")).toBe(true);
    expect(isForegroundGroup("812 (node) S 700 812 700 34816 700 4194304 1 0")).toBe(false);
    expect(isForegroundGroup("812 (node) S 700 812 700 0 -1 4194304 1 0")).toBe(false);
    expect(isForegroundGroup("")).toBe(false);
  });
});
