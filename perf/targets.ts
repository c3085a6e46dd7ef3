/** What the project promises of its speed, against the floor that was measured beside it. */

export interface Bound {
  /** `ratio`: project / floor. `project`: the project's own figure. */
  readonly of: 'ratio' | 'project';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Met when any of its bounds is. */
export type Target = readonly Bound[];

type Promised =
  | 'durableExclusive'
  | 'durableShared'
  | 'durable64Callers'
  | 'bufferedBulk'
  | 'openLarge'
  | 'stdin'
  | 'oneShot'
  | 'processTotal'
  | 'processShare'
  | 'flatMemory'
  | 'sealAtAnySize'
  | 'sealMs'
  | 'verify'
  | 'verifyOnCores'
  | 'flatEvidence';

export const TARGETS: Readonly<Record<Promised, Target>> = {
  durableExclusive: [{ of: 'ratio', atLeast: 0.85 }],
  durableShared: [{ of: 'ratio', atLeast: 0.55 }],
  durable64Callers: [
    { of: 'project', atLeast: 60_000 },
    { of: 'ratio', atLeast: 14 },
  ],
  bufferedBulk: [{ of: 'ratio', atLeast: 0.4 }],
  openLarge: [{ of: 'ratio', atMost: 3 }],
  stdin: [{ of: 'project', atLeast: 60_000 }],
  oneShot: [{ of: 'ratio', atMost: 1.6 }],
  processTotal: [{ of: 'ratio', atLeast: 0.6 }],
  processShare: [{ of: 'project', atLeast: 0.7 }],
  flatMemory: [{ of: 'ratio', atMost: 1.1 }],
  sealAtAnySize: [{ of: 'ratio', atMost: 2 }],
  sealMs: [{ of: 'project', atMost: 20 }],
  verify: [{ of: 'ratio', atLeast: 0.6 }],
  verifyOnCores: [{ of: 'ratio', atLeast: 1 }],
  flatEvidence: [{ of: 'ratio', atMost: 1.3 }],
};

export function isMet(target: Target, figures: { readonly project: number; readonly ratio: number }): boolean {
  return target.some(({ of, atLeast = -Infinity, atMost = Infinity }) => {
    const figure = figures[of];
    return figure >= atLeast && figure <= atMost;
  });
}

export function describeTarget(target: Target): string {
  return target
    .map(({ of, atLeast, atMost }) => {
      const sign = atLeast === undefined ? '<=' : '>=';
      const limit = (atLeast ?? atMost)?.toLocaleString('en-US');
      return of === 'ratio' ? `${sign} ${limit} x` : `${sign} ${limit}`;
    })
    .join(' or ');
}
