// Takes the place of Node's assert in the bundled CLI, for signal-exit, which asks it one thing: whether it was handed a function.

/**
 * @param {unknown} actual
 * @param {unknown} expected
 * @param {string} message
 */
exports.equal = (actual, expected, message) => {
  if (actual !== expected) throw new TypeError(message);
};
