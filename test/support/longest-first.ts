/** The order of `vitest --mode long`. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Each of these takes a minute or more. One that began last would run alone. */
const LONGEST_FIRST = [
  'kill-storm',
  'many-writers',
  'failpoints',
  'power-cuts.test',
  'power-cuts-around',
  'power-cuts-recovery',
  'hostile-files',
  'model',
  'kernel-calls',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST_FIRST.findIndex((name) => moduleId.includes(`/${name}`));
      return place === -1 ? LONGEST_FIRST.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
