import { spawn } from "node:child_process";

/** An emulator in a process of its own with `scenario`, once it serves: the process, and where it listens. */
export async function startEmulator(scenario) {
  const emulator = spawn(process.execPath, ["dist/cli.js", "emulator", "--port", "0", "--scenario", scenario], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const endpoint = await new Promise((done, failed) => {
    emulator.once("exit", (code) => failed(new Error(`the emulator ended with ${code} before it served`)));
    emulator.stdout.once("data", (data) => done(JSON.parse(String(data).split("\n")[0]).endpoint));
  });
  return { emulator, endpoint };
}
