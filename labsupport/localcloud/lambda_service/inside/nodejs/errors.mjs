/** The runtime's own errors, and how errors are posted and logged. */

/** An error of the runtime: its type is "Runtime." and the name. */
export class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    Object.defineProperty(this, "name", { value: `Runtime.${name}` });
    this.stack = this.stack.replace(/^Error/, this.name); // it was made before the name
  }
}

/** Return an error as Lambda returns it: {errorType, errorMessage, trace}. */
export function asPosted(error) {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

/** Return an error as it stands in a log line: JSON, with its cause and whatever else it carries. */
export function asLogged(error) {
  try {
    return JSON.stringify(error, (_key, value) => (value instanceof Error ? spread(value) : value));
  } catch {
    return JSON.stringify(asPosted(error)); // it refers to itself
  }
}

function spread(error) {
  const { name: errorType, message: errorMessage, code } = error;
  return { errorType, errorMessage, code, ...error, stack: String(error.stack).split("\n") };
}
