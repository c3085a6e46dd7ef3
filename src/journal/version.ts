/** The package's version; a test holds it equal to package.json. Written into every record as `producer_version`. */
export const VERSION = '0.1.0';
