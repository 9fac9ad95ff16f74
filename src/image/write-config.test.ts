import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RESAMPLE_FILTERS } from './filters.ts';
import { parsePreprocessing, preprocessorConfig } from './preprocessor-config.ts';
import { defaultPreprocessing, type Preprocessing } from './preprocessing.ts';

const side = fc.integer({ min: 1, max: 512 });

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.record({
        channels: fc.constantFrom(1 as const, 3 as const),
        height: side,
        width: side,
        edge: side,
        filter: fc.constantFrom(...RESAMPLE_FILTERS),
        kind: fc.constantFrom('exact', 'edge', 'none'),
        mean: fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value + 0), // JSON has no −0
        std: fc.double({ min: 0.01, max: 2, noNaN: true }),
      }),
      ({ channels, height, width, edge, filter, kind, mean, std }) => {
        const plain = defaultPreprocessing({ channels, height, width, mean, std });
        const cropped = { resample: filter, centerCrop: { height, width } };
        const preprocessing: Preprocessing =
          kind === 'exact'
            ? { ...plain, resample: filter }
            : { ...plain, ...cropped, resize: kind === 'edge' ? { kind: 'shortest_edge', edge } : null };
        const config: unknown = JSON.parse(JSON.stringify(preprocessorConfig(preprocessing)));
        expect(parsePreprocessing(config, { channels, height, width })).toEqual(preprocessing);
      },
    ),
  );
});
