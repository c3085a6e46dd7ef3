export { verify } from './verify-artifact.js';

export type { ArtifactReport } from './verify-artifact.js';
