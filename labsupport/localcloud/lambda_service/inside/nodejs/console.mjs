/**
 * console.log and its kin write log records: with a time, the request's id and a level, as text or as JSON.
 *
 * A record goes to the telemetry descriptor, framed so that its lines stay one event. What is written to
 * stdout or stderr by other means is plain text.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
 */
import { writeSync } from "node:fs";
import { format } from "node:util";

import { asLogged } from "./errors.mjs";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
// A frame: its kind, 4 bytes of length, 8 bytes of microseconds, the text. The kind tells the level, too.
const TEXT_FRAME = 0xa55a0003;
const JSON_FRAME = 0xa55a0002;
const HEADER_BYTES = 16;

const isJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
const lowest = Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()));
const descriptor = Number(process.env._LAMBDA_TELEMETRY_LOG_FD);
delete process.env._LAMBDA_TELEMETRY_LOG_FD; // it isn't the function's

let requestId;

/** Say which request the records belong to from now on. */
export function setRequestId(id) {
  requestId = id;
}

/** Replace the console's functions. `withoutRequest` stands in a record for the id before the first request. */
export function patchConsole({ withoutRequest }) {
  requestId = withoutRequest;
  LEVELS.forEach((level, rank) => {
    console[level.toLowerCase()] = rank < lowest ? () => {} : (...parts) => write(rank, parts);
  });
  console.log = console.info;
}

/** Log an error of the function's that ends an invocation or the Init phase. */
export function logError(title, thrown) {
  const error = thrown instanceof Error ? thrown : new Error(thrown);
  console.error(...(isJson ? [error] : [title, "\t" + asLogged(error)]));
}

function write(rank, parts) {
  const now = new Date();
  const text = isJson
    ? jsonRecord(now, LEVELS[rank], parts)
    : `${now.toISOString()}\t${requestId}\t${LEVELS[rank]}\t${format(...parts)}\n`;
  const body = Buffer.from(text);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(((isJson ? JSON_FRAME : TEXT_FRAME) | ((rank + 1) << 2)) >>> 0, 0);
  header.writeUInt32BE(body.length, 4);
  header.writeBigUInt64BE(BigInt(now.valueOf()) * 1000n, 8);
  writeAll(Buffer.concat([header, body]));
}

function writeAll(bytes) {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      // Node.js has made the pipe non-blocking, and it is full: give the reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function jsonRecord(now, level, parts) {
  const record = { timestamp: now.toISOString(), level, requestId };
  if (parts.length === 1) {
    try {
      return JSON.stringify({ ...record, message: parts[0] }, (_key, value) => plain(value));
    } catch {
      return JSON.stringify({ ...record, message: format(parts[0]) }); // it refers to itself
    }
  }
  const error = parts.find((part) => part instanceof Error);
  return JSON.stringify({ ...record, message: format(...parts), ...(error && described(error)) });
}

const plain = (value) => (value instanceof Error ? { ...described(value), ...value } : value);

function described(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: String(error.stack).split("\n"),
  };
}
