// Puts an emulator's clock forward: `node advance.mjs <emulator> <seconds>`, in place of `sleep <seconds>`.
const [emulator, seconds] = process.argv.slice(2);
const response = await fetch(`${emulator}/_emulator/clock`, {
  method: "POST",
  body: JSON.stringify({ advance: `${seconds}s` }),
});
if (!response.ok) throw new Error(`The clock was not put forward: ${response.status} ${await response.text()}`);
