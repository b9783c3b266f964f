/**
 * Run a Node.js function: ask the Runtime API for events and post what the handler answers.
 *
 * Plays the part of AWS's runtime client for Node.js, /var/runtime/index.mjs. Up to Node.js 22 a handler may
 * use a callback, and what nobody catches is reported before the process ends. From Node.js 24 on AWS's
 * client is another one: handlers return promises, and Node.js itself ends the process.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import { existsSync, writeSync } from "node:fs";
import module from "node:module";

import { patchConsole, logError, setRequestId } from "./console.mjs";
import { makeContext } from "./context.mjs";
import { RuntimeError } from "./errors.mjs";
import { loadHandler } from "./handler.mjs";
import * as runtimeApi from "./runtime_api.mjs";

// The version that the function asked for, whichever one runs it: "AWS_Lambda_nodejs22.x".
const wanted = parseInt(process.env.AWS_EXECUTION_ENV.replace(/\D+/, ""), 10);
const knowsCallbacks = wanted < 24;
const NO_CALLBACKS =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
  "You need to modify this function to use a supported handler signature to use Node.js 24 or later. For " +
  "more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

/** What to do when nothing is left to wait for. */
let onEmptyLoop = () => {};
/** Whom an error that nobody catches is reported to: the Init phase, or an invocation. */
let report = runtimeApi.failInit;

globalThis.awslambda = {
  streamifyResponse() {
    throw new Error("This lab doesn't stream responses. Return the answer whole, or run the function on AWS.");
  },
};

async function main() {
  patchConsole({ withoutRequest: knowsCallbacks ? undefined : "-" });
  findModulesInLayers();
  if (knowsCallbacks) {
    reportWhatNobodyCatches();
    process.on("beforeExit", () => onEmptyLoop());
  }
  const handler = await load();
  for (;;) {
    await serve(handler, await runtimeApi.next());
  }
}

/** Let `import` look into NODE_PATH, as `require` does: AWS's Node.js does so since version 18. */
function findModulesInLayers() {
  const folders = (process.env.NODE_PATH ?? "").split(":").filter((each) => each.endsWith("/node_modules"));
  const found = folders.filter((each) => existsSync(each));
  if (found.length > 0) {
    module.register?.("./node_path.mjs", import.meta.url, { data: found });
  }
}

async function load() {
  try {
    const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, knowsCallbacks);
    if (!knowsCallbacks && handler.length >= 3) {
      throw new RuntimeError("CallbackHandlerDeprecated", NO_CALLBACKS);
    }
    return handler;
  } catch (error) {
    logError(knowsCallbacks ? "Uncaught Exception" : "Init Error", error);
    hintAtSdk(error);
    await runtimeApi.failInit(error);
    process.exit(knowsCallbacks ? 129 : 1);
  }
}

async function serve(handler, { event, headers }) {
  const context = makeContext(headers);
  const requestId = context.awsRequestId;
  setRequestId(requestId);
  report = (error) => runtimeApi.fail(requestId, error);
  let body;
  try {
    body = serialize(await (knowsCallbacks ? callWithCallback : call)(handler, event, context));
  } catch (error) {
    logError("Invoke Error", error);
    hintAtSdk(error);
    return runtimeApi.fail(requestId, error);
  }
  return runtimeApi.respond(requestId, body);
}

async function call(handler, event, context) {
  return handler(event, context);
}

/** Wait for the handler's promise, for its callback, or for an event loop with nothing left to do. */
function callWithCallback(handler, event, context) {
  return new Promise((resolve, reject) => {
    let waits = true;
    let answered = false;
    const once = (act) => (...values) => {
      if (!answered) {
        answered = true;
        onEmptyLoop = () => {};
        act(...values);
      }
    };
    const done = (error, result) => (error == null ? resolve(result) : reject(error));
    const callback = once((error, result) => {
      if (error == null && waits) {
        onEmptyLoop = () => resolve(result);
      } else {
        done(error, result);
      }
    });
    Object.defineProperty(context, "callbackWaitsForEmptyEventLoop", {
      get: () => waits,
      set: (value) => (waits = value),
      enumerable: true,
    });
    context.done = once(done);
    context.succeed = once(resolve);
    context.fail = once((error) => reject(error ?? "handled"));
    onEmptyLoop = once(() => resolve(null)); // it never called back
    try {
      const returned = handler(event, context, callback);
      if (typeof returned?.then === "function") {
        returned.then(context.succeed, context.fail);
      }
    } catch (error) {
      callback(error);
    }
  });
}

function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch {
    const message = "Unable to stringify response body";
    throw knowsCallbacks ? new Error(message) : new RuntimeError("JSONStringifyError", message);
  }
}

/** AWS's runtimes contain the AWS SDK for JavaScript. Here a function brings it. */
function hintAtSdk(error) {
  const missing = String(error?.message).match(/Cannot find (?:module|package) '(@(?:aws-sdk|smithy)\/[^']+)'/);
  if (missing) {
    const advice = `To run it here, add ${missing[1]} to the function's package or to a layer.`;
    writeSync(2, `Serverless Lab: AWS's Node.js runtimes contain the AWS SDK, this machine doesn't. ${advice}\n`);
  }
}

/** Report an error that nobody catches, and end: what the function holds in memory can't be trusted. */
function reportWhatNobodyCatches() {
  let ending = false;
  const end = async (title, error, status) => {
    if (!ending) {
      ending = true;
      logError(title, error);
      await report(error).catch(() => {});
      process.exit(status);
    }
  };
  process.on("uncaughtException", (error) => end("Uncaught Exception", error, 129));
  process.on("unhandledRejection", (reason, promise) => {
    const error = new RuntimeError("UnhandledPromiseRejection", String(reason));
    end("Unhandled Promise Rejection", Object.assign(error, { reason, promise }), 128);
  });
}

main();
