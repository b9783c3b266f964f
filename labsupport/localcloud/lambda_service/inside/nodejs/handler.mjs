/**
 * Find the handler: "index.handler" is `handler`, exported by index.js, index.mjs or index.cjs.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { RuntimeError } from "./errors.mjs";

const require = createRequire(new URL("index.mjs", import.meta.url));

/** Return the handler. `requires`: CommonJS modules are required, as AWS does up to Node.js 22. */
export async function loadHandler(root, handler, requires) {
  if (handler.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw new RuntimeError("MalformedHandlerName", `'${handler}' is not a valid handler name. ${advice}`);
  }
  const [, name, property] = path.basename(handler).match(/^([^.]*)\.(.*)$/) ?? [];
  if (property === undefined) {
    throw new RuntimeError("MalformedHandlerName", "Bad handler");
  }
  const folder = path.resolve(root, path.dirname(handler));
  const exported = await loadModule(root, folder, name, requires);
  const found = lookUp(exported, property) ?? (requires ? undefined : lookUp(exported?.default, property));
  if (!found) {
    throw new RuntimeError("HandlerNotFound", `${handler} is undefined or not exported`);
  }
  if (typeof found !== "function") {
    throw new RuntimeError("HandlerNotFound", `${handler} is not a function`);
  }
  return found;
}

const lookUp = (value, property) => property.split(".").reduce((each, key) => each?.[key], value);

async function loadModule(root, folder, name, requires) {
  try {
    for (const extension of ["", ".js", ".mjs", ".cjs"]) {
      const file = path.join(folder, name + extension);
      if (existsSync(file)) {
        return requires && isCommonJs(file) ? require(file) : await import(pathToFileURL(file));
      }
    }
    return require(require.resolve(name, { paths: [root, folder] }));
  } catch (error) {
    throw asRuntimeError(error, requires);
  }
}

function isCommonJs(file) {
  return !file.endsWith(".mjs") && !(file.endsWith(".js") && isInModulePackage(path.dirname(file)));
}

/** Tell whether the nearest package.json says that .js files are ES modules. */
function isInModulePackage(folder) {
  const description = path.join(folder, "package.json");
  if (existsSync(description)) {
    return JSON.parse(readFileSync(description)).type === "module";
  }
  return path.dirname(folder) !== folder && isInModulePackage(path.dirname(folder));
}

function asRuntimeError(error, requires) {
  if (error instanceof SyntaxError) {
    const named = new RuntimeError("UserCodeSyntaxError", String(error));
    return requires ? named : Object.assign(named, { stack: error.stack });
  }
  // A missing ES module keeps its own error, on AWS too.
  return error?.code === "MODULE_NOT_FOUND" ? new RuntimeError("ImportModuleError", String(error)) : error;
}
