// Takes the place of fs-native-extensions/binding.js in the bundled CLI. The package searches for its binary through a
// resolver of some twenty files, a tenth of the time that a one-shot command takes; it lies where its platform says.

/** @returns {unknown} */
function load() {
  const host = `${process.platform}-${process.arch}`;
  try {
    return require(`fs-native-extensions/prebuilds/${host}/fs-native-extensions.node`);
  } catch {
    // Not there, or not for this C library: the package's own search decides, and its error is the one to report.
    // @ts-expect-error The package has no types.
    return require('fs-native-extensions/binding.js');
  }
}

module.exports = load();
