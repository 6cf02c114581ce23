// Preloaded into a process of the command line: ends it with SIGKILL at a point that is named, as a power cut would.
// DIE_AT is JSON: `what`, a regular expression over points such as `after PUT /subscriptions/…`, and `nth`, from 1.
import fs from "node:fs";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";

const { what, nth } = JSON.parse(process.env.DIE_AT);
const pattern = new RegExp(what);
let passed = 0;

/** True at the point at which the process is to die. */
function isHere(point) {
  return pattern.test(point) && ++passed === nth;
}

function die() {
  process.kill(process.pid, "SIGKILL");
}

function pass(point) {
  if (isHere(point)) die();
}

const journals = new Set();
const { openSync, closeSync, writeSync, fsyncSync } = fs;

fs.openSync = (file, ...rest) => {
  const handle = openSync(file, ...rest);
  if (String(file).endsWith("journal.jsonl")) journals.add(handle);
  return handle;
};

fs.closeSync = (handle) => {
  journals.delete(handle);
  closeSync(handle);
};

fs.writeSync = (handle, data, ...rest) => {
  if (!journals.has(handle)) return writeSync(handle, data, ...rest);
  const { type } = JSON.parse(data.toString());
  pass(`before journal ${type}`);
  if (isHere(`within journal ${type}`)) {
    writeSync(handle, data, 0, Math.floor(data.length / 2));
    die();
  }
  return writeSync(handle, data, ...rest);
};

fs.fsyncSync = (handle) => {
  fsyncSync(handle);
  if (journals.has(handle)) pass("after journal");
};

const { request } = http;
http.request = (options, ...rest) => {
  const point = `${options.method} ${decodeURIComponent(options.path)}`;
  pass(`before ${point}`);
  const sent = request(options, ...rest);
  sent.prependListener("response", () => pass(`after ${point}`));
  return sent;
};

syncBuiltinESMExports();
