/** A module hook: look for packages in the folders of NODE_PATH, after the usual places. */
import path from "node:path";
import { pathToFileURL } from "node:url";

let folders = [];

/** Take the folders, each named node_modules. */
export function initialize(data) {
  folders = data;
}

/** Find a module. */
export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^[./]|^\w+:/.test(specifier)) throw error;
    for (const folder of folders) {
      const parentURL = pathToFileURL(path.join(path.dirname(folder), "any.mjs")).href;
      try {
        return await nextResolve(specifier, { ...context, parentURL });
      } catch {
        // Not in this one.
      }
    }
    throw error;
  }
}
