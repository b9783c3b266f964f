/**
 * The Lambda Runtime API, over one connection that is kept open.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { Agent, request } from "node:http";

import { asPosted } from "./errors.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 }); // an idle one doesn't keep the process alive

/** Wait for the next event. Returns {event, headers}. */
export async function next() {
  const { headers, body } = await call("GET", "/invocation/next");
  return { event: JSON.parse(body), headers };
}

/** Post the handler's answer, JSON text. */
export const respond = (requestId, body) => call("POST", `/invocation/${requestId}/response`, body);

/** Post the handler's error. */
export function fail(requestId, error) {
  return call("POST", `/invocation/${requestId}/error`, JSON.stringify(asPosted(error)));
}

/** Say that the Init phase has failed. */
export function failInit(error) {
  const posted = asPosted(error);
  const headers = { "Lambda-Runtime-Function-Error-Type": posted.errorType };
  return call("POST", "/init/error", JSON.stringify(posted), headers);
}

function call(method, path, body = "", headers = {}) {
  const options = { host, port, agent, method, path: `/2018-06-01/runtime${path}` };
  options.headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ...headers };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
